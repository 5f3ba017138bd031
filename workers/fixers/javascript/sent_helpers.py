"""The functions by which a text is answered, as they are written into a script."""

from __future__ import annotations

PLAIN = """function sendPlain(res, body) {
  if (typeof body === 'string') {
    res.type('text/plain');
  }
  return res.send(body);
}"""
ESCAPED = """function sendEscaped(res, body) {
  if (typeof body !== 'string') {
    return res.send(body);
  }
  const text = body.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
  return res.send(text.replace(/"/g, '&quot;').replace(/'/g, '&#39;'));
}"""
TYPED = "res: any, body: any"
