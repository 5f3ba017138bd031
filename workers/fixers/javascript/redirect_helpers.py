"""The functions by which redirects go, as they are written into a script."""

from __future__ import annotations

LOCAL = """function redirectWithinSite(req, res, target) {
  const site = `https://${req.get('host')}`;
  let path = '/';
  try {
    const address = new URL(String(target || '/'), site);
    if (address.host === new URL(site).host) {
      path = address.pathname.replace(/^\\/+/, '/') + address.search + address.hash;
    }
  } catch {
    // not an address: the start page
  }
  return res.redirect(path);
}"""
LISTED = """function redirectToListed(res, target) {
  const listed = (process.env.ALLOWED_REDIRECTS || '').split(',');
  return res.redirect(listed.includes(String(target)) ? String(target) : '/');
}"""
PATH = r"""function redirectToPath(res, target) {
  const path = String(target);
  return res.redirect(/^\/(?![/\\])[^\\\t\r\n]*$/.test(path) ? path : '/');
}"""
RESPONSE = "res: { redirect(url: string): void }, target: unknown"
WITH_STATUS = "res: { redirect(status: number, url: string): void }, target: unknown, status = 302"
REQUEST = "req: { get(name: string): string | undefined }, "
