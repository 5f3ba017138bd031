"""The functions by which paths are joined, as they are written into a script, and what each does."""

from __future__ import annotations

BELOW = """function joinBelow(folder, name) {
  // from the root, `..` leads nowhere else: whatever the name says, the result lies below the folder
  return path.normalize(folder + path.normalize(path.sep + name));
}"""
WITHIN = """function joinFileName(folder, name) {
  return path.normalize(folder + path.sep + path.basename(path.normalize(path.sep + name)));
}"""
REFUSED = """function joinOrRefuse(folder, name) {
  const target = path.normalize(folder + path.sep + name);
  if (path.relative(folder, target).split(path.sep)[0] === '..') {
    throw new RangeError('the name leads out of its folder');
  }
  return target;
}"""
TYPED = "folder: string, name: string"
STAYS = ("`..` in the name is worked out before it is joined: the path cannot leave the folder.", None)
ERROR = ("A name that leads out of the folder is refused by an error.", "Answer that error with status 400.")
NAME = ("Only the last part of the name is used: no folder in it counts.", "Names with a folder in them lose it.")
