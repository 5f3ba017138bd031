"""Whose answer it is decides what a browser makes of a text."""

import pytest

SCRIPT = "app.get('/', async (request, reply) => {\n  reply.send(await app.db.find(request.params.id))\n})\n"


@pytest.mark.parametrize(
    ("packages", "script", "harmless"),
    [
        ('{"fastify": "^4"}', SCRIPT, True),
        ('{"fastify": "^4", "express": "^4"}', SCRIPT, False),
        ('{"express": "^4"}', SCRIPT, False),
        ('{"fastify": "^4"}', SCRIPT.replace("reply.send", "reply.type('text/html').send"), False),
    ],
    ids=["fastify", "both", "express", "a page"],
)
def test_fastify_sends_a_text_as_text(asked, packages, script, harmless):
    files = {"forge/app.js": script, "package.json": f'{{"dependencies": {packages}}}'}
    assert asked(files, "njsscan", "express_xss", "forge/app.js", 2).harmless is harmless
