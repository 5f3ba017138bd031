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
