import pytest


@pytest.mark.parametrize(
    ("path", "harmless"),
    [("templates/email/invite.hbs", True), ("views/welcome.txt.hbs", True), ("views/row.hbs", False)],
)
def test_what_is_sent_as_plain_text_has_nothing_to_mend_and_a_part_without_markup_may(asked, path, harmless):
    proposal = asked({path: "Welcome, {{{ name }}}!\n"}, "njsscan", "handlebar_mustache_template", path)
    assert proposal.candidates == ()
    assert proposal.harmless is harmless
    assert "plain text" in proposal.reason


@pytest.mark.parametrize(
    ("script", "offered"),
    [
        ("res.render('post', { summary: marked(post.text) });", False),
        ("const summary = '<p>' + escape(text) + '</p>';", False),
        ("Handlebars.registerHelper('summary', () => new Handlebars.SafeString(x));", False),
        ("post.summary = md.render(post.text);", False),
        ("body('summary', 'Missing').trim()\n  .escape(),", False),
        ("body('summary').trim(),\nbody('name').escape(),", True),
        ("res.render('post', { summary: post.text });", True),
        ("if (post.summary == '<none>') { next(); }", True),
    ],
)
def test_what_a_script_makes_of_markup_is_not_escaped_once_more(asked, script, offered):
    """People would read its tags."""
    files = {"views/post.hbs": "<p>{{{ post.summary }}}</p>\n", "app.js": f"{script}\n"}
    proposal = asked(files, "njsscan", "handlebar_mustache_template", "views/post.hbs")
    assert bool(proposal.candidates) is offered


def test_what_another_template_gives_of_a_function_may_be_markup(asked):
    files = {"views/warning.ejs": "<div>\n<%- message %>\n</div>\n"}
    assert asked(files, "njsscan", "ejs_ect_template", "views/warning.ejs", 2).candidates
    given = {**files, "views/nav.ejs": "<nav><%- include('warning', {message: template('double')}) %></nav>"}
    assert not asked(given, "njsscan", "ejs_ect_template", "views/warning.ejs", 2).candidates
