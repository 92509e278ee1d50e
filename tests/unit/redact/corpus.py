"""Secrets of the shapes that secret scanners test with, made up and put together at run time.

No literal here is a secret of a known shape, so a scanner that guards a repository has nothing to stop.
"""

import string
from random import Random

_RNG = Random(20_260_101)
HEX = string.digits + "abcdef"
UPPER = string.ascii_uppercase + "234567"
ALNUM = string.ascii_letters + string.digits
LOWER = string.ascii_lowercase + string.digits
WORD = ALNUM + "_-"
BASE64 = ALNUM + "+/"


def some(alphabet: str, length: int) -> str:
    """Random characters; letters and digits at both ends, and a digit somewhere, as in anything random and long."""
    inner = "".join(_RNG.choice(alphabet) for _ in range(length - 2))
    ends = [character for character in alphabet if character.isalnum()]
    return _RNG.choice(ends) + inner + "7"


def uuid() -> str:
    return "-".join(some(HEX, length) for length in (8, 4, 4, 4, 12))


def pem(kind: str) -> str:
    body = "\n".join(some(BASE64, 64) for _ in range(3))
    return f"-----BEGIN {kind}-----\n{body}\n-----END {kind}-----"


def _clouds() -> list[tuple[str, str]]:
    return [
        *(
            ("aws-access-key-id", prefix + some(UPPER, 16))
            for prefix in ("AK" + "IA", "AS" + "IA", "AB" + "IA", "A3" + "TX")
        ),
        ("aws-session-token", "IQoJb3" + "JpZ2lu" + some(BASE64, 300)),
        ("aws-session-token", "FwoGZX" + "IvYXdz" + some(BASE64, 300)),
        ("aws-bedrock-key", "AB" + "SK" + some(BASE64, 120)),
        ("aws-bedrock-key", "bedrock-" + "api-key-" + some(ALNUM, 60)),
        ("azure-key", some(BASE64, 76) + "+A" + "St" + some(ALNUM, 6) + "=="),
        ("azure-key", some(BASE64, 76) + "AC" + "Db" + some(ALNUM, 6) + "=="),
        ("azure-key", some(BASE64, 33) + "+A" + "Eh" + some(ALNUM, 6) + "="),
        ("azure-key", some(ALNUM, 42) + "Az" + "Se" + some(ALNUM, 6)),
        ("azure-key", some(ALNUM, 44) + "Az" + "Fu" + some(ALNUM, 6) + "=="),
        ("azure-key", some(BASE64, 42) + "+A" + "CR" + some(ALNUM, 6)),
        ("azure-key", some(ALNUM, 76) + "AZ" + "DO" + some(ALNUM, 4)),
        ("azure-client-secret", some(ALNUM, 3) + "8Q" + "~" + some(WORD + ".~", 34)),
        ("google-api-key", "AI" + "za" + some(WORD, 35)),
        ("google-oauth-token", "ya" + "29." + some(WORD, 120)),
        ("google-oauth-token", "1/" + "/0" + some(WORD, 60)),
        ("google-client-secret", "GOC" + "SPX-" + some(WORD, 28)),
        ("alibaba-key-id", "LT" + "AI" + some(ALNUM, 20)),
        *(("digitalocean-token", f"{kind}_" + "v1_" + some(HEX, 64)) for kind in ("dop", "doo", "dor")),
        ("heroku-key", "HR" + "KU-AA" + some(WORD, 58)),
        ("fly-token", "fo" + "1_" + some(WORD, 43)),
        ("fly-token", "fm" + "2_" + some(BASE64, 120)),
        ("cloudflare-key", "v1" + ".0-" + some(HEX, 24) + "-" + some(HEX, 146)),
        ("cloudflare-key", "cf" + "ut_" + some(ALNUM, 48)),
        ("netlify-token", "nf" + "p_" + some(ALNUM, 36)),
        ("supabase-key", "sb" + "p_" + some(HEX, 40)),
        ("supabase-key", "sb_" + "secret_" + some(WORD, 31)),
        *(("planetscale-token", f"pscale_{kind}_" + some(WORD, 43)) for kind in ("tkn", "pw", "oauth")),
        ("databricks-token", "da" + "pi" + some(HEX, 32)),
        ("databricks-token", "da" + "pi" + some(HEX, 32) + "-2"),
        *(("vault-token", f"hv{kind}" + "." + some(WORD, 95)) for kind in "sbr"),
        ("terraform-token", some(ALNUM, 14) + ".atlas" + "v1." + some(WORD, 67)),
        ("pulumi-token", "pu" + "l-" + some(HEX, 40)),
        ("scalingo-token", "tk-" + "us-" + some(WORD, 48)),
        ("openshift-token", "sha" + "256~" + some(WORD, 43)),
        ("tailscale-key", "ts" + "key-auth-" + some(ALNUM, 12) + "-" + some(ALNUM, 32)),
        ("yandex-key", "AQ" + "VN" + some(WORD, 36)),
        ("yandex-key", "t1" + "." + some(WORD, 40) + "." + some(WORD, 86)),
    ]


def _code() -> list[tuple[str, str]]:
    return [
        *(("github-token", f"gh{kind}" + "_" + some(ALNUM, 36)) for kind in "pousr"),
        ("github-token", "github_" + "pat_" + some(ALNUM, 22) + "_" + some(ALNUM, 59)),
        *(
            ("gitlab-token", f"gl{kind}" + "-" + some(WORD, 20))
            for kind in ("pat", "dt", "ft", "rt", "soat", "cbt", "ffct")
        ),
        ("gitlab-token", "gl" + "imt-" + some(WORD, 25)),
        ("gitlab-token", "gl" + "ptt-" + some(HEX, 40)),
        ("gitlab-token", "gl" + "agent-" + some(WORD, 50)),
        ("gitlab-token", "gl" + "oas-" + some(HEX, 64)),
        ("gitlab-token", "gl" + "pat-" + some(WORD, 40) + ".01.0" + some(LOWER, 8)),
        ("gitlab-token", "GR1348" + "941" + some(WORD, 20)),
        ("bitbucket-token", "AT" + "BB" + some(ALNUM, 32)),
        ("bitbucket-token", "BB" + "DC-" + some(BASE64, 44)),
        ("atlassian-token", "AT" + "ATT3" + some(WORD, 186)),
        ("atlassian-token", "AT" + "CTT3xFfG" + some(WORD, 60) + "=" + some(ALNUM, 8)),
        ("npm-token", "np" + "m_" + some(ALNUM, 36)),
        ("pypi-token", "py" + "pi-AgEIcHlwaS5vcmc" + some(WORD, 150)),
        ("pypi-token", "py" + "pi-AgENdGVzdC5weXBpLm9yZw" + some(WORD, 150)),
        ("rubygems-token", "ruby" + "gems_" + some(HEX, 48)),
        ("crates-token", "ci" + "o" + some(ALNUM, 32)),
        ("clojars-token", "CLO" + "JARS_" + some(LOWER, 60)),
        ("nuget-key", "oy" + "2" + some(LOWER, 43)),
        ("docker-token", "dckr_" + "pat_" + some(WORD, 27)),
        ("docker-token", "dckr_" + "oat_" + some(WORD, 32)),
        ("artifactory-token", "AK" + "Cp" + some(ALNUM, 69)),
        ("artifactory-token", "cmVm" + "dGtu" + some(ALNUM, 56)),
        ("circleci-token", "CCI" + "PAT_" + some(ALNUM, 22) + "_" + some(HEX, 40)),
        ("buildkite-token", "bk" + "ua_" + some(LOWER, 40)),
        ("harness-token", "pa" + "t." + some(ALNUM, 22) + "." + some(ALNUM, 24) + "." + some(ALNUM, 20)),
        ("octopus-key", "AP" + "I-" + some(UPPER, 26)),
        ("prefect-key", "pn" + "u_" + some(ALNUM, 36)),
        *(("sonar-token", f"sq{kind}" + "_" + some(HEX, 40)) for kind in "uap"),
        ("sourcegraph-token", "sg" + "p_" + some(HEX, 40)),
        ("sourcegraph-token", "sg" + "p_" + some(HEX, 16) + "_" + some(HEX, 40)),
        ("postman-key", "PM" + "AK-" + some(HEX, 24) + "-" + some(HEX, 34)),
        *(
            ("doppler-token", f"dp.{kind}" + "." + some(ALNUM, 43))
            for kind in ("pt", "ct", "sa", "st.prd", "scim", "audit")
        ),
        ("one-password-key", "A" + "3-" + "-".join(some(UPPER, length) for length in (6, 11, 5, 5, 5))),
        ("one-password-key", "A" + "3-" + "-".join(some(UPPER, length) for length in (6, 6, 5, 5, 5, 5))),
        ("one-password-token", "op" + "s_eyJ" + some(BASE64, 260)),
        ("linear-key", "lin_" + "api_" + some(ALNUM, 40)),
        ("figma-token", "fi" + "gd_" + some(WORD, 40)),
        ("launchdarkly-key", "sd" + "k-" + uuid()),
    ]


def _messages() -> list[tuple[str, str]]:
    digits = string.digits
    return [
        ("slack-token", "xo" + "xb-" + some(digits, 12) + "-" + some(digits, 12) + "-" + some(ALNUM, 24)),
        ("slack-token", "xo" + "xp-" + "-".join(some(digits, 12) for _ in range(3)) + "-" + some(HEX, 32)),
        ("slack-token", "xa" + "pp-1-" + some(UPPER, 11) + "-" + some(digits, 13) + "-" + some(HEX, 64)),
        ("slack-token", "xo" + "xe.xo" + "xp-1-" + some(UPPER, 163)),
        ("slack-token", "xo" + "xe-1-" + some(UPPER, 146)),
        ("discord-token", "M" + some(ALNUM, 23) + "." + some(WORD, 6) + "." + some(WORD, 27)),
        ("telegram-bot-token", some(digits, 10) + ":A" + "A" + some(WORD, 33)),
        ("twilio-key", "S" + "K" + some(HEX, 32)),
        ("sendgrid-key", "S" + "G." + some(WORD, 22) + "." + some(WORD, 43)),
        ("mailgun-key", "ke" + "y-" + some(HEX, 32)),
        ("mailgun-key", some(HEX, 32) + "-" + some(HEX, 8) + "-" + some(HEX, 8)),
        ("mailchimp-key", some(HEX, 32) + "-u" + "s12"),
        ("brevo-key", "xkey" + "sib-" + some(HEX, 64) + "-" + some(ALNUM, 16)),
        ("pagerduty-key", "pd" + "us+_" + some(ALNUM, 20)),
    ]


def _services() -> list[tuple[str, str]]:
    return [
        *(("stripe-key", f"{kind}_" + "live_" + some(ALNUM, 24)) for kind in ("sk", "rk")),
        ("stripe-key", "sk_" + "test_" + some(ALNUM, 99)),
        ("stripe-key", "wh" + "sec_" + some(ALNUM, 32)),
        ("stripe-key", "pi_" + some(ALNUM, 24) + "_sec" + "ret_" + some(ALNUM, 25)),
        ("square-token", "sq0" + "atp-" + some(WORD, 22)),
        ("square-token", "sq0" + "csp-" + some(WORD, 43)),
        ("square-token", "EA" + "AA" + some(WORD, 60)),
        *(("shopify-token", f"shp{kind}" + "_" + some(HEX, 32)) for kind in ("at", "ca", "pa", "ss")),
        ("paypal-token", "access_" + "token$production$" + some(LOWER, 16) + "$" + some(HEX, 32)),
        ("plaid-token", "access-" + "sandbox-" + uuid()),
        ("razorpay-key", "rzp_" + "live_" + some(ALNUM, 14)),
        ("flutterwave-key", "FLW" + "SECK_TEST-" + some(HEX, 32) + "-X"),
        ("shippo-token", "shippo_" + "live_" + some(HEX, 40)),
        ("easypost-key", "EZ" + "AK" + some(ALNUM, 54)),
        ("duffel-token", "duffel_" + "test_" + some(WORD, 43)),
        ("lob-key", "live_" + some(HEX, 35)),
        ("anthropic-key", "sk-" + "ant-api03-" + some(WORD, 93) + "AA"),
        ("anthropic-key", "sk-" + "ant-admin01-" + some(WORD, 93) + "AA"),
        ("openai-key", "sk-" + "proj-" + some(WORD, 74) + "T3Blbk" + "FJ" + some(WORD, 74)),
        ("openai-key", "sk-" + some(ALNUM, 20) + "T3Blbk" + "FJ" + some(ALNUM, 20)),
        ("openai-key", "sk-" + "or-v1-" + some(HEX, 64)),
        ("hugging-face-token", "h" + "f_" + some(string.ascii_letters, 34)),
        ("hugging-face-token", "api_" + "org_" + some(string.ascii_letters, 34)),
        ("groq-key", "gs" + "k_" + some(ALNUM, 52)),
        ("xai-key", "xa" + "i-" + some(ALNUM, 80)),
        ("perplexity-key", "pp" + "lx-" + some(ALNUM, 48)),
        ("replicate-token", "r" + "8_" + some(ALNUM, 37)),
        ("nvidia-key", "nv" + "api-" + some(WORD, 64)),
        ("pinecone-key", "pc" + "sk_" + some(ALNUM, 6) + "_" + some(ALNUM, 63)),
        *(("langsmith-key", f"lsv2_{kind}" + "_" + some(HEX, 32) + "_" + some(HEX, 10)) for kind in ("pt", "sk")),
        ("datadog-token", "dd" + "p_" + some(ALNUM, 36)),
        *(
            ("new-relic-key", f"NR{kind}" + "-" + some(UPPER, 27))
            for kind in ("AK", "IQ", "BR", "AA", "AL", "SP", "RA")
        ),
        ("new-relic-key", "AA" + some(HEX, 40) + "-NR" + "MA"),
        ("new-relic-key", "NR" + "II-" + some(WORD, 32)),
        ("new-relic-key", "NR" + "JS-" + some(HEX, 19)),
        ("new-relic-key", some(HEX, 32) + "FFFF" + "NRAL"),
        ("sentry-token", "sntry" + "u_" + some(HEX, 64)),
        ("sentry-token", "sntry" + "s_eyJpYXQiO" + some(ALNUM, 90) + "_" + some(ALNUM, 43)),
        ("grafana-token", "gl" + "sa_" + some(ALNUM, 32) + "_" + some(HEX, 8)),
        ("grafana-token", "gl" + "c_" + some(ALNUM, 80)),
        ("grafana-token", "eyJr" + "Ijoi" + some(ALNUM, 90)),
        ("dynatrace-token", "dt0" + "c01." + some(UPPER, 24) + "." + some(UPPER, 64)),
        ("posthog-key", "ph" + "x_" + some(ALNUM, 43)),
        ("rootly-key", "root" + "ly_" + some(HEX, 64)),
        ("adobe-client-secret", "p8" + "e-" + some(ALNUM, 32)),
        ("airtable-token", "pa" + "t" + some(ALNUM, 14) + "." + some(HEX, 64)),
        ("asana-token", "1/" + some(string.digits, 16) + ":" + some(HEX, 32)),
        ("contentful-token", "CF" + "PAT-" + some(WORD, 43)),
        ("facebook-token", "EA" + "AC" + some(ALNUM, 150)),
        ("frameio-token", "fio" + "-u-" + some(WORD, 64)),
        ("hubspot-token", "pat-" + "na1-" + uuid()),
        ("mapbox-token", "s" + "k." + some(ALNUM, 80) + "." + some(ALNUM, 22)),
        ("maxmind-key", some(ALNUM, 6) + "_" + some(ALNUM, 29) + "_m" + "mk"),
        ("notion-token", "nt" + "n_" + some(ALNUM, 46)),
        ("notion-token", "sec" + "ret_" + some(ALNUM, 43)),
        ("readme-key", "rd" + "me_" + some(LOWER, 70)),
        ("salesforce-session", "00" + "D" + some(ALNUM, 12) + "!" + some(ALNUM, 96)),
        ("twitter-bearer-token", "A" * 22 + some(ALNUM, 80)),
        ("typeform-token", "tf" + "p_" + some(WORD, 59)),
        ("zoho-token", "1000" + "." + some(HEX, 32) + "." + some(HEX, 32)),
    ]


def _keys() -> list[tuple[str, str]]:
    return [
        ("age-secret-key", "AGE-" + "SECRET-KEY-1" + some("QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58)),
        ("jwt", "ey" + "JhbGciOiJIUzI1NiJ9." + "ey" + "J" + some(WORD, 60) + "." + some(WORD, 43)),
        ("jwt", "ey" + "JhbGciOiJSUzI1NiJ9." + "ey" + "J" + some(WORD, 300) + "." + some(WORD, 342)),
        ("password-hash", "$2" + "b$12$" + some(ALNUM, 53)),
        ("password-hash", "$6" + "$" + some(ALNUM, 16) + "$" + some(ALNUM, 86)),
        ("password-hash", "$ar" + "gon2id$v=19$m=65536,t=3,p=4$" + some(ALNUM, 22) + "$" + some(BASE64, 43)),
        *(
            ("private-key", pem(kind + "PRIVATE " + "KEY"))
            for kind in ("", "RSA ", "EC ", "DSA ", "OPENSSH ", "ENCRYPTED ")
        ),
        ("private-key", pem("PGP PRIVATE " + "KEY BLOCK")),
        ("putty-private-key", "Private-" + "Lines: 2\n" + some(BASE64, 64) + "\n" + some(BASE64, 64)),
    ]


SHAPES: list[tuple[str, str]] = [*_clouds(), *_code(), *_messages(), *_services(), *_keys()]
"""Name of the rule, and a secret that is known by itself."""

NAMES = (
    "password",
    "passwd",
    "pwd",
    "DB_PASSWORD",
    "spring.datasource.password",
    "userPassword",
    "passphrase",
    "keystore_pass",
    "db_pass",
    "secret",
    "client_secret",
    "clientSecret",
    "APP_SECRET",
    "token",
    "access_token",
    "refreshToken",
    "id_token",
    "csrf_token",
    "x-auth-token",
    "X-Vault-Token",
    "api_key",
    "apiKey",
    "x-api-key",
    "DD_API_KEY",
    "DD_APP_KEY",
    "NEW_RELIC_LICENSE_KEY",
    "account_key",
    "AccountKey",
    "SharedAccessKey",
    "aws_secret_access_key",
    "SecretAccessKey",
    "AWS_SESSION_TOKEN",
    "secret_key",
    "SECRET_KEY_BASE_TOKEN",
    "signing_key",
    "encryption_key",
    "private_key",
    "master_key",
    "auth_key",
    "service_key",
    "credential",
    "credentials",
    "TWILIO_AUTH_TOKEN",
    "MAILGUN_SIGNING_KEY",
    "PAGERDUTY_INTEGRATION_KEY",
    "SNYK_TOKEN",
    "SONAR_TOKEN",
    "OKTA_CLIENT_TOKEN",
    "CLOUDFLARE_API_TOKEN",
    "TF_TOKEN",
    "HEROKU_API_KEY",
    "ALGOLIA_ADMIN_KEY",
    "datadog_key",
    "okta.key",
    "FASTLY_KEY",
    "opsgenie_key",
    "splunk-hec-token",
)
"""What secrets without a shape are called."""
