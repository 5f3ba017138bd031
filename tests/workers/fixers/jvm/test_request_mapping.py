import pytest

_HANDLER = """import org.springframework.web.bind.annotation.RequestMapping;

@RequestMapping("/books")
class A {{
  @RequestMapping("/one")
  public Book one(String name) {{
    return books.{call}(name);
  }}
}}
"""


@pytest.mark.parametrize(
    ("call", "page", "approach"),
    [
        ("find", '<a href="/books/one?name=a">one</a>', "get-mapping"),
        ("find", "axios.get('/books/one')", "get-mapping"),
        ("find", "axios.post('/books/one', data)", "get-and-post"),
        ("find", "elsewhere('/books/one')", "get-and-post"),
        ("find", "axios.get('/authors/one')", "get-and-post"),
        ("find", "axios.put('/books/one')", None),
        ("save", '<form action="/books/one" method="post">', "post-mapping"),
        ("save", '<a href="/books/one">', None),
        ("save", "", None),
    ],
)
def test_a_handler_answers_the_methods_by_which_it_is_asked(asked, call, page, approach):
    files = {"src/A.java": _HANDLER.format(call=call), "src/main/resources/templates/index.html": page}
    made = asked(files, "semgrep", "unrestricted-request-mapping", "src/A.java", 5)
    assert [each.approach for each in made.candidates] == ([approach] if approach else [])


def test_a_map_that_the_handler_fills_is_its_own(asked):
    text = _HANDLER.format(call="find").replace(
        "    return", "    Map<String, Object> a = new HashMap<>();\n    a.put(name, 1);\n    return"
    )
    made = asked({"src/A.java": text}, "semgrep", "unrestricted-request-mapping", "src/A.java", 5)
    assert [each.approach for each in made.candidates] == ["get-and-post"]


def test_a_page_of_errors_comes_with_any_method(asked):
    text = _HANDLER.format(call="find").replace('"/one"', '"/404"')
    assert not asked({"src/A.java": text}, "semgrep", "unrestricted-request-mapping", "src/A.java", 5).candidates
