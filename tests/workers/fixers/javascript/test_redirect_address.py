"""Redirects to what the program itself sets."""

import pytest

CODE = """const express = require('express');
exports.create = async (req, res) => {
  const author = new Author({ name: req.body.name });
  res.redirect(author.url);
};
"""


@pytest.mark.parametrize(
    ("model", "harmless"),
    [
        ('Schema.virtual("url").get(function () {\n  return `/authors/${this._id}`;\n});', True),
        ("Schema.virtual('url').get(function () {\n  // for pages\n  return '/authors/' + this._id;\n});", True),
        ("class Author {\n  get url() {\n    return `/authors/${this.id}`;\n  }\n}", True),
        ("Schema.virtual('url').get(function () { return this.site; });", False),
        ("Schema.virtual('url').get(function () { return '//' + this.site; });", False),
        ("Schema.virtual('name').get(function () { return '/' + this.site; });", False),
    ],
)
def test_a_property_of_the_programs_own_object_is_no_address_of_the_request(asked, model, harmless):
    files = {"app.js": CODE, "models/author.js": model}
    made = asked(files, "njsscan", "express_open_redirect", "app.js", 4)
    assert made.candidates == ()
    assert made.harmless is harmless


@pytest.mark.parametrize(("name", "listed"), [("next", False), ("callback_url", True)])
def test_a_list_of_whole_addresses_is_for_what_is_one(asked, name, listed):
    code = CODE.replace("author.url", f"req.query.{name}")
    made = asked({"app.js": code}, "njsscan", "express_open_redirect", "app.js", 4)
    assert ("listed-addresses" in [each.approach for each in made.candidates]) is listed
