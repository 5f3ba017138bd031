import pytest

_VAULT = """class Vault {
  static byte[] seal(byte[] text, SecretKey key) throws GeneralSecurityException {
    Cipher cipher = Cipher.getInstance("AES/CBC/PKCS5Padding");
    cipher.init(Cipher.ENCRYPT_MODE, key, new IvParameterSpec(new byte[16]));
    return cipher.doFinal(text);
  }

  static byte[] open(byte[] sealed, SecretKey key) throws GeneralSecurityException {
    Cipher cipher = Cipher.getInstance("AES/CBC/PKCS5Padding");
    cipher.init(Cipher.DECRYPT_MODE, key, new IvParameterSpec(new byte[16]));
    return cipher.doFinal(sealed);
  }
}
"""


@pytest.mark.parametrize(
    ("use", "made"),
    [
        ("store(Vault.seal(text, key)); show(Vault.open(sealed, key));", True),
        ("if (given.equals(Vault.seal(text, key))) { }", False),
        ("byte[] wanted = Vault.seal(text, key); if (Arrays.equals(given, wanted)) { }", False),
        ("String wanted = hex(Vault.seal(text, key)); if (given.equals(wanted)) { }", False),
    ],
)
def test_a_ciphertext_that_is_compared_stays_the_same_each_time(asked, use, made):
    other = f"class Use {{\n  void use() {{ {use} }}\n}}\n"
    found = asked(
        {"src/Vault.java": _VAULT, "src/Use.java": other}, "mobsfscan", "cbc_padding_oracle", "src/Vault.java", 3
    )
    assert bool(found.candidates) is made


def test_so_does_one_that_another_method_hands_on(asked):
    other = (
        "class Use {\n  String token(String name) {\n    return hex(Vault.seal(name, key));\n  }\n"
        "  void check(String name) {\n    String wanted = token(name);\n    if (given.equals(wanted)) { }\n  }\n}\n"
    )
    found = asked(
        {"src/Vault.java": _VAULT, "src/Use.java": other}, "mobsfscan", "cbc_padding_oracle", "src/Vault.java", 3
    )
    assert not found.candidates
