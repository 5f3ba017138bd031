"""What mobsfscan asks to be looked at in an application: no edit of the file answers that, a person does."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.registry import NoFix, Target, fixer

_LOG = (
    "the rule names every log that holds a variable; whether it is a secret is not in this line: leave secrets out, "
    "and let the release build strip Log.d and Log.v"
)
_HIDDEN = (
    "a part of the screen that is switched on and off is no secret; what must not be read must not be there at all"
)
_INTENT = (
    "which of the embedded intents are meant is not in this file: check the component's package and name before it is "
    "started, or take a PendingIntent of the sender"
)
_BRIDGE = (
    "every page in this web view can call the object: whether only pages of one's own are shown is not in this file; "
    "give out as few methods as can be, and load nothing else"
)
_KEYBOARD = "whether the field takes a secret is not in this file: its layout sets inputType to textPassword"
_SOCKET = "any application of the device can connect: what the two sides say to know each other is for them to agree on"
OLD_CIPHER = (
    "the key of DES, RC4 or Blowfish does not fit AES: key, stored data and the other side change together, to AES/GCM "
    "with a nonce for each message"
)
NO_OAEP = (
    "a padding has to change on both sides, and what was encrypted before stays as it is: "
    "OAEPWithSHA-256AndMGF1Padding from the next key on"
)
OBJECTS = (
    "which classes the stream may hold hangs on every field of what is read: list them in an ObjectInputFilter "
    "(setObjectInputFilter, Java 9, Android 13) or read another format; this rule names the stream with a filter too"
)
TYPED = (
    "which classes the text may name is for the application to say: activateDefaultTyping with a "
    "BasicPolymorphicTypeValidator that allows those, or @JsonTypeInfo on the few that need it"
)
_XOR = "what stands in its place depends on who reads the data: AES/GCM of the platform, with a key of the keystore"
XML_DECODER = (
    "XMLDecoder builds any object that its text names: which other format the writer can make is for both sides to "
    "agree on"
)
_STACKED = (
    "launchMode and taskAffinity say how the screens are stacked: singleInstance, or an empty taskAffinity, changes "
    "where Back leads"
)
_OLD_SYSTEM = (
    "which old systems the application still has to run on is for a person to say: from the version it is raised to "
    "on, users of older ones get no updates"
)
_DEFENCE = (
    "the rule misses a defence of the whole application, not a fault of a file: which of them it needs, and what it "
    "does where one strikes, is for a person to say"
)
_USER_CERTIFICATES = (
    "certificates that the user installed are trusted on purpose here: whether a company's proxy or a test needs that "
    "is not in this file; debug-overrides trusts them in debug builds alone"
)
_DEEPLINK = (
    "which hosts this view is to show is not in this file: compare the whole host of the link with those, and its "
    "scheme with https, before it is loaded"
)
_SHARED = (
    "every application that may write to the shared storage can change this file: getFilesDir() is private, and what "
    "lies there already has to be moved"
)
_SCHEME = (
    "any application can claim a scheme of its own: an App Link needs the site's assetlinks.json, and the provider has "
    "to know the new address"
)
_NOTE = (
    "what may stand on a locked screen is for the application to say: setVisibility(VISIBILITY_PRIVATE) with a public "
    "version that shows less"
)
_REASONS = {
    **dict.fromkeys(
        (
            "android_certificate_pinning",
            "android_certificate_transparency",
            "android_detect_tapjacking",
            "android_prevent_screenshot",
            "android_root_detection",
            "android_safetynet",
            "android_safetynet_api",
            "android_ssl_pinning",
            "android_tapjacking",
        ),
        _DEFENCE,
    ),
    "android_manifest_base_config_trust_user_certs": _USER_CERTIFICATES,
    "android_manifest_domain_config_trust_user_certs": _USER_CERTIFICATES,
    "android_manifest_insecure_minsdk_error": _OLD_SYSTEM,
    "android_manifest_insecure_minsdk_warning": _OLD_SYSTEM,
    "android_logging": _LOG,
    "android_kotlin_logging": _LOG,
    "android_hidden_ui": _HIDDEN,
    "android_kotlin_hiddenui": _HIDDEN,
    "android_intent_redirection": _INTENT,
    "android_kotlin_intent_redirection": _INTENT,
    "webview_javascript_interface": _BRIDGE,
    "android_kotlin_webview": _BRIDGE,
    "android_sensitive_input_keyboard_cache": _KEYBOARD,
    "android_kotlin_sensitive_input_keyboard_cache": _KEYBOARD,
    "android_local_server_socket": _SOCKET,
    "android_kotlin_local_server_socket": _SOCKET,
    "weak_cipher": OLD_CIPHER,
    "android_kotlin_weak_ciphers": OLD_CIPHER,
    "rsa_no_oeap": NO_OAEP,
    "android_kotlin_rsa_no_oaep": NO_OAEP,
    "object_deserialization": OBJECTS,
    "android_kotlin_object_deserialization": OBJECTS,
    "jackson_deserialization": TYPED,
    "android_kotlin_jackson_deserialize": TYPED,
    "android_custom_xor_crypto": _XOR,
    "android_kotlin_custom_xor_crypto": _XOR,
    "android_deeplink_to_webview": _DEEPLINK,
    "android_kotlin_deeplink_to_webview": _DEEPLINK,
    "webview_external_storage": _SHARED,
    "android_kotlin_webview_external": _SHARED,
    "android_db_on_external_storage": _SHARED,
    "android_kotlin_db_on_external_storage": _SHARED,
    "android_oauth_custom_scheme_redirect": _SCHEME,
    "android_kotlin_oauth_custom_scheme_redirect": _SCHEME,
    "android_sensitive_notification": _NOTE,
    "android_kotlin_sensitive_notification": _NOTE,
    "hardcoded_username": "the name of a user is no secret by itself: move it to the settings if it differs by place",
    "google_api_key": "a key in an application can be read by everybody who has it: restrict it to the application's "
    "package and certificate where it was made",
    "xml_decoder_xxe": XML_DECODER,
    "android_kotlin_xml_decoder_xxe": XML_DECODER,
    "android_biometric_without_crypto": "which key the fingerprint is to unlock is for the application to say: make it "
    "in the Android keystore and give it to authenticate() as a CryptoObject",
    "android_task_hijacking1": _STACKED,
    "android_task_hijacking2": _STACKED,
}


@fixer(
    name="jvm-for-a-person",
    for_a_person=True,
    weakness="a construct that is safe or unsafe by what it is given",
    rules={"mobsfscan": list(_REASONS)},
    explain="""Some rules name every use of a construct, whatever it is used for. The question that they put (is this a
secret? which pages does this view show?) has no answer in the file, and a change that only silences the rule would be
worse than the finding. The reason says what to look at; suppress the finding with the answer.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """None: the reason says what to look at."""
    raise NoFix(_REASONS[target.finding.rule_name])
