"""What a digest is made of, as its callers say."""

import pytest


@pytest.mark.parametrize(
    ("use", "offered"),
    [
        ('String pass = Digests.hashed(request.getParameter("password"));', False),
        ("admin.store(Digests.hashed(adminPass));", False),
        ("cache.put(Digests.hashed(page), page);", True),
        ("other.hashed(password);", True),
    ],
)
def test_a_method_that_others_hash_passwords_with_is_left_to_a_slow_function(asked, use, offered):
    """A fast digest is none for passwords, whichever it is."""
    path = "src/Digests.java"
    text = """class Digests {
  static byte[] hashed(String text) throws Exception {
    return MessageDigest.getInstance("MD5").digest((text + UUID.randomUUID()).getBytes());
  }
}
"""
    made = asked(
        {path: text, "src/Use.java": f"class Use {{ void f() {{ {use} }} }}\n"}, "mobsfscan", "weak_hash", path, 3
    )
    assert bool(made.candidates) is offered
