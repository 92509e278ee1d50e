"""Secrets that are known by the name beside them: `password=...`, `"apiKey": "..."`, `<token>...</token>`."""

from typing import Any

from sigwatch.redact.rules import Rule, rule

_PASSWORDS = (
    r"passwords?|passwd|passphrase|passcode|pwd|password[_-]?(?:confirm|confirmation|repeat|again|hash)"
    r"|(?:db|database|key|store|user|root|admin)[_-]?pass|passw"
)
_OTHERS = (
    r"secret|secret[ _-]?string|tokens?[_-]?value|token|account[ _-]?key"
    r"|(?:api|app|application|auth|client|db|encryption|function|integration|license|master|priv|private|service|signing)"
    r"[ _-]?key|(?:shared|secret)[ _-]?(?:access[ _-]?)?key|access[ _-]?key(?:[ _-]?id)?|credentials?"
    r"|x-amz-(?:signature|credential|security-token)|jsessionid|phpsessid|asp\.net_sessionid|connect\.sid|_gitlab_session"
)
_VENDORS = (
    "adafruit|airtable|algolia|alibaba|artifactory|asana|atlassian|beamer|bitbucket|bittrex|cloudant|cloudflare|codecov"
    "|cohere|coinbase|confluence|confluent|contentful|datadog|discord|droneci|dropbox|dynatrace|etsy|facebook|fastly"
    "|finicity|finnhub|flickr|freshbooks|gitter|gocardless|heroku|hubspot|intercom|jfrog|jira|kraken|kucoin|launchdarkly"
    "|linear|linkedin|linode|looker|mailchimp|mailgun|mapbox|mattermost|meraki|messagebird|netlify|new[_-]?relic|okta"
    "|opsgenie|pagerduty|plaid|postmark|rapidapi|sendbird|sendgrid|sentry|shopify|snyk|sonar|splunk|squarespace|stripe"
    "|sumo[_-]?logic|telegram|terraform|travis|trello|twilio|twitch|twitter|typeform|vault|yandex|zendesk|zoom"
)
"""Whose keys have no shape of their own, but stand beside the vendor's name."""

_ANY = rf"{_PASSWORDS}|{_OTHERS}|(?:{_VENDORS})[\w.-]{{0,24}}key"
_NAMES = rf"[\w.-]*(?:{_ANY})"

_NOT_SECRET = frozenset(
    {"null", "none", "nil", "true", "false", "yes", "no", "undefined", "empty", "missing", "required"}
)

ESCAPED = r'\\"(?:[^"\\]|\\\\(?:[^"\\]|\\["\\]))*(?:\\"|$)'
"""A string inside JSON inside JSON; a cut-off one ends with the text."""
DOUBLE = r'"(?:[^"\\]|\\.)*(?:"|\\?$)'
SINGLE = r"'(?:[^'\\]|\\.)*(?:'|\\?$)"
BARE = r"""(?:\[[a-z-]+\])*[^\s"'\\,;&)\]}<>]*"""
QUOTED = rf"{ESCAPED}|{DOUBLE}|{SINGLE}"
KEY_END = r"""(?:\\*["'])?"""
_QUOTE = r"""\\*["']"""
_HINT = rf"(?i)(?:{_ANY}){KEY_END}\s*(?:[:=]|%3d|\\u003d)"
"""A name and what may part it from its value."""


def looks_random(value: str) -> bool:
    """Whether a bare word is more likely a credential than a word of a sentence."""
    inner = value[1:]
    mixed = inner != inner.lower() and value != value.upper()
    return any(character.isdigit() or character in "+/=" for character in value) or mixed or len(value) >= 32


def _placeholder(value: str) -> bool:
    return value.startswith("[") and value.endswith("]") and value[1:-1].replace("-", "").isalpha()


def _harmless(key: str, value: str) -> bool:
    """Values that hold no secret: absent ones, the name of a secret, a working directory, a mask already set."""
    if not value or value.lower() in _NOT_SECRET or _placeholder(value):
        return True
    return value.startswith("arn:") or (key.lower().endswith("pwd") and value.startswith("/"))


def _field(match: Any) -> str:
    key, between, value = match.group(1), match.group(2), match.group(3)
    quote = '\\"' if value.startswith('\\"') else value[:1] if value[:1] in {'"', "'"} else ""
    closed = bool(quote) and len(value) >= 2 * len(quote) and value.endswith(quote)
    inner = value[len(quote) : -len(quote)] if closed else value[len(quote) :]
    if _harmless(key, inner):
        return str(match.group(0))
    return f"{key}{between}{quote}[secret]{quote if closed else ''}"


def _prose(match: Any) -> str:
    """`invalid token: expired` is a sentence; `token: 9f8e7d` is a leak."""
    return _field(match) if looks_random(match.group(3)) else str(match.group(0))


def _element(match: Any) -> str:
    """The words of an XML element; white space and a mask already set stay."""
    tag, value = match.group(1), match.group(2)
    return str(match.group(0)) if _harmless("", value.strip()) else f"{tag}[secret]"


def _vendor(match: Any) -> str:
    """A key has digits; `okta_token_type: interaction_code` has none."""
    named = not any(character.isdigit() for character in match.group(3))
    return str(match.group(0)) if named else f"{match.group(1)}{match.group(2)}[secret]"


NAMED: tuple[Rule, ...] = (
    rule(
        "list-or-object-field",
        rf"(?i)({_NAMES}{_QUOTE}\s*:\s*)(?:\[[^\[\]]*[\"'][^\[\]]*\]?|\{{[^{{}}]*\}}?)",
        r"\1[secret]",
        hint=_HINT,
    ),
    rule("json-field", rf"(?i)({_NAMES})({KEY_END}\s*(?:=>|:=|[:=])\s*[bur]?)({QUOTED})", _field, hint=_HINT),
    # JSON inside JSON inside JSON: so many backslashes that quotes can not be paired; the value ends at the next quote.
    rule("deep-json-field", rf"(?i)({_NAMES}\\{{2,}}\"\s*:\s*\\{{2,}}\")([^\"\\]+)", r"\1[secret]", hint=_HINT),
    rule(
        "short-json-field",
        rf"(?i)({_QUOTE}(?:pass|pw|cvv2?|cvc2?|pin|otp))({_QUOTE}\s*(?:=>|:)\s*)({QUOTED})",
        _field,
        hint=r"(?i)(?:pass|pw|cvv2?|cvc2?|pin|otp)\\*[\"']",
    ),
    rule("docker-auth", rf"(?i)({_QUOTE}auth)({_QUOTE}\s*:\s*)({QUOTED})", _prose),
    # Environments in task definitions and manifests, tags, and parameters of stacks.
    rule(
        "name-and-value",
        rf"(?i)({_QUOTE}(?:name|key|parameterkey){_QUOTE}\s*:\s*{_QUOTE}{_NAMES})"
        rf"({_QUOTE}\s*,\s*{_QUOTE}(?:value|parametervalue){_QUOTE}\s*:\s*)({QUOTED})",
        _field,
    ),
    rule("xml-attribute", rf"(?i)(\b(?:name|key)={_QUOTE}{_NAMES})({_QUOTE}\s+value=)({QUOTED})", _field),
    rule("xml-entry", rf"(?i)(<[\w.:-]+\s+(?:name|key)={_QUOTE}{_NAMES}{_QUOTE}[^<>]*>)([^<>]+)", _element),
    rule(
        "xml-element",
        rf"(?i)(<(?:[\w.-]+:)?{_NAMES}(?:\s[^<>]*)?>)(<!\[CDATA\[[^<>]*>?|[^<>]+)",
        _element,
        hint=rf"(?i)(?:{_ANY})[\s>]",
    ),
    rule("assignment", rf"(?i)({_NAMES})({KEY_END}\s*(?:=>|:=|=|%3d|\\u003d)\s*)({BARE})", _field, hint=_HINT),
    rule("password-in-text", rf"(?i)([\w.-]*(?:{_PASSWORDS}))({KEY_END}\s*:[ \t]*)({BARE})", _field, hint=_HINT),
    rule(
        "secret-in-text", rf"(?i)((?:^|[^\w.:-])[\w.-]*(?:{_OTHERS}))({KEY_END}\s*:[ \t]*)({BARE})", _prose, hint=_HINT
    ),
    rule(
        "vendor-key",
        rf"(?i)([\w.-]*(?:{_VENDORS})[\w.-]{{0,24}}(?:key|token|secret|auth|pat|login))"
        rf"({KEY_END}\s*(?:=>|:=|[:=])\s*{KEY_END})([\w+/=.~:-]{{16,}})",
        _vendor,
    ),
    rule(
        "command-line-option",
        rf"(?i)((?:^|\s)--?{_NAMES})([ \t]+)({QUOTED}|\[[a-z-]+\]|[^\s\"'\\\[-]{BARE})",
        _field,
        hint=rf"(?i)-[\w.-]*(?:{_ANY})[ \t]",
    ),
    # MySQL's clients take a password without a space after -p.
    rule(
        "mysql-password",
        rf"(\b(?:mysql|mysqldump|mysqladmin|mysqlimport|mysqlcheck|mysqlsh|mariadb(?:-dump|-admin)?)\s(?:[^\n|;]*?\s)?-p)"
        rf"(?:{DOUBLE}|{SINGLE}|[^\s\"'\\]+)",
        r"\1[secret]",
    ),
    rule(
        "client-password",
        rf"(\b(?:(?:sshpass|mongo(?:sh|dump|restore)?|(?:docker|podman|helm registry) login)\s(?:[^\n|;]*?\s)?-p"
        rf"|sqlcmd\s(?:[^\n|;]*?\s)?-P|redis-cli\s(?:[^\n|;]*?\s)?-a|ldap\w+\s(?:[^\n|;]*?\s)?-w)\s+)"
        rf"(?:{DOUBLE}|{SINGLE}|[^\s\"'\\]+)",
        r"\1[secret]",
    ),
    rule(
        "curl-user",
        r"""(\b(?:curl|wget|https?|xh)\s(?:[^\n|;]*?\s)?(?:-u|--user|--proxy-user|-a|--auth)[ =]?["']?"""
        r"""[^\s:"'/]+:)[^\s"'\\]+""",
        r"\1[secret]",
        hint=r"(?:curl|wget|https?|xh)\s",
    ),
)
"""In order: what has quotes or brackets around it first, since they say where it ends."""
