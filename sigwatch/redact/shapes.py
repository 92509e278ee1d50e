"""Tokens that are known by their own shape, whatever is beside them: clouds, code, and messages.

The facts (prefixes, lengths, alphabets) are those that the rule list of gitleaks (b58d3f1), the plugins of
detect-secrets (5e14193) and the detectors of trufflehog (3ab759f) agree on, and the vendors' own pages behind them.
Lengths are lower bounds and mostly below the real ones: a log line may be cut, and half a token is still a leak.
"""

from sigwatch.redact.rules import BASE64, EDGE, Rule, rule, shape

_UUID = r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"

_PEM = r"PRIVATE KEY(?: BLOCK)?-----"
_BREAK = r"(?:\s|\\+[nr]|%0[AaDd])"
"""The end of a line, as it is or escaped."""

KEYS: tuple[Rule, ...] = (
    rule("private-key", rf"-----BEGIN [A-Z0-9 ]*{_PEM}(?s:.*?)-----END [A-Z0-9 ]*{_PEM}"),
    rule(
        "cut-off-private-key",
        rf"-----BEGIN [A-Z0-9 ]*{_PEM}(?:{_BREAK}*{BASE64}{{16,}}(?:{_BREAK}+{BASE64}+)?)*",
        "[private-key]",
    ),
    # The key follows this line in PuTTY's files, as a count and so many lines of base64.
    rule(
        "putty-private-key",
        rf"{EDGE}Private-Lines(?::|%3[Aa])(?:[ +]|%20)*\d+(?:{_BREAK}+{BASE64}{{16,}})+",
        r"\1[private-key]",
    ),
    shape("age-secret-key", r"AGE-SECRET-KEY-1[0-9A-Z]{20,}"),
    shape("jwt", r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]+){0,3}"),
    rule(
        "password-hash",
        r"\$(?:2[abxy]\$\d\d\$[./A-Za-z0-9]{53}|[156y]\$(?:[\w=,./]{1,40}\$){1,3}[./A-Za-z0-9]{22,}"
        r"|argon2(?:id|i|d)\$[\w=,$]+\$[A-Za-z0-9+/]{8,}\$[A-Za-z0-9+/]{20,})",
        hint=r"\$(?:2[abxy]|[156y]|argon2)",
    ),
)
"""Key material and what signs for somebody."""

CLOUDS: tuple[Rule, ...] = (
    shape(
        "aws-access-key-id",
        r"(?:AKIA|ASIA|ABIA|ACCA|A3T[A-Z0-9])[A-Z0-9]{16}\b",
        "aws-key",
        hint="AKIA|ASIA|ABIA|ACCA|A3T",
    ),
    # What the base64 of every temporary credential of STS begins with.
    shape("aws-session-token", rf"(?:FwoGZXIvYXdz|IQoJb3JpZ2lu){BASE64}{{20,}}"),
    shape("aws-bedrock-key", rf"ABSK{BASE64}{{60,}}|bedrock-api-key-{BASE64}{{20,}}"),
    # Checksummed keys: a fixed mark near the end says which service they open.
    shape(
        "azure-key",
        rf"{BASE64}{{76}}(?:APIM|ACDb|(?:\+|%2[Bb])(?:ABa|AMC|ASt)){BASE64}{{6}}(?:=|%3[Dd]){{2}}"
        rf"|{BASE64}{{33}}(?:AIoT|AzCa|(?:\+|%2[Bb])(?:ASb|AEh|ARm)){BASE64}{{6}}(?:=|%3[Dd])"
        rf"|(?:{BASE64}|[_-]){{40,44}}(?:AzSe|AzFu|(?:\+|%2[Bb])ACR)[A-Za-z0-9]{{6}}(?:=|%3[Dd]){{0,2}}"
        r"|[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}",
    ),
    rule("azure-client-secret", r"(^|[^\w~.-]|\\[nrt])[\w~.]{3}\dQ~[\w~.-]{24,}", r"\1[azure-client-secret]"),
    rule("azure-sas", r"""(?i)((?:[?&;]|%26|\\u0026)sig(?:=|%3d))[^\s&"'<>;,\\]{20,}""", r"\1[azure-sas]"),
    shape("google-api-key", r"AIza[A-Za-z0-9_-]{35,}", "api-key"),
    shape("google-oauth-token", r"ya29\.[A-Za-z0-9_-]{10,}|1//0[A-Za-z0-9_-]{30,}"),
    shape("google-client-secret", r"GOCSPX-[A-Za-z0-9_-]{20,}"),
    shape("alibaba-key-id", r"LTAI[A-Za-z0-9]{16,24}\b"),
    shape("digitalocean-token", r"do[opr]_v1_[a-fA-F0-9]{20,}"),
    shape("heroku-key", r"HRKU-[A-Za-z0-9_-]{20,}"),
    shape("fly-token", rf"fo1_[\w-]{{20,}}|fm(?:1[ar]|2)_{BASE64}{{20,}}"),
    shape("cloudflare-key", r"v1\.0-[a-f0-9]{24}-[a-f0-9]{20,}|cf(?:[ua]t|k)_[A-Za-z0-9]{30,}"),
    shape("netlify-token", r"nf[pcou]_[A-Za-z0-9]{36,}"),
    shape("supabase-key", r"sbp_[a-f0-9]{30,}|sb_secret_[\w-]{20,}", hint="sbp_|sb_secret_"),
    shape("planetscale-token", r"pscale_(?:tkn|pw|oauth)_[\w=.-]{20,}"),
    shape("databricks-token", r"(?:dapi|dose)[a-f0-9]{32}(?:-\d)?"),
    shape("vault-token", r"hv[bsr]\.[A-Za-z0-9_-]{20,}"),
    shape("terraform-token", r"[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{30,}"),
    shape("pulumi-token", r"pul-[a-f0-9]{40}"),
    shape("scalingo-token", r"tk-us-[\w-]{40,}"),
    shape("openshift-token", r"sha256~[\w-]{40,}"),
    shape("tailscale-key", r"tskey-[a-z]+-[\w-]{10,}"),
    shape("yandex-key", r"AQVN[A-Za-z0-9_-]{35,}|t1\.[\w-]+={0,2}\.[\w-]{80,}={0,2}"),
)
"""Clouds, and what is hosted or managed there."""

CODE: tuple[Rule, ...] = (
    shape("github-token", r"gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}"),
    shape(
        "gitlab-token",
        r"gl(?:pat|dt|ft|soat|rt|rtr|imt|ptt|agent|oas|cbt|ffct)-[A-Za-z0-9_=-][A-Za-z0-9_.=-]{18,}[A-Za-z0-9_=-]"
        r"|GR1348941[\w-]{20,}",
        "api-key",
    ),
    shape("bitbucket-token", rf"ATBB[A-Za-z0-9_=.-]{{20,}}|BBDC-(?:{BASE64}|[@_-]){{40,}}"),
    shape("atlassian-token", rf"AT(?:ATT|CTT)3(?:{BASE64}|[_-]){{40,}}"),
    shape("npm-token", r"npm_[A-Za-z0-9]{36,}", "api-key"),
    shape("pypi-token", r"pypi-Ag[A-Za-z0-9_-]{30,}"),
    shape("rubygems-token", r"rubygems_[a-f0-9]{40,}"),
    shape("crates-token", r"cio[A-Za-z0-9]{32}\b"),
    shape("clojars-token", r"CLOJARS_[a-z0-9]{40,}"),
    shape("nuget-key", r"oy2[a-z0-9]{43}\b"),
    shape("docker-token", r"dckr_[op]at_[A-Za-z0-9_-]{20,}"),
    shape("artifactory-token", r"AKCp[A-Za-z0-9]{50,}|cmVmdGtu[A-Za-z0-9]{40,}"),
    shape("circleci-token", r"CCIPAT_[A-Za-z0-9]{22}_[a-fA-F0-9]{30,}"),
    shape("buildkite-token", r"bkua_[a-z0-9]{30,}"),
    shape("harness-token", r"[ps]at\.[\w-]{22}\.[A-Za-z0-9]{24}\.[A-Za-z0-9]{20}"),
    shape("octopus-key", r"API-[A-Z0-9]{26,}"),
    shape("prefect-key", r"pn[ub]_[A-Za-z0-9]{30,}"),
    shape("sonar-token", r"sq[uap]_[a-f0-9]{40}"),
    shape("sourcegraph-token", r"sgp_(?:[a-fA-F0-9]{16}_|local_)?[a-fA-F0-9]{40}"),
    shape("postman-key", r"PMAK-[a-fA-F0-9]{24}-[a-fA-F0-9]{20,}"),
    shape("doppler-token", r"dp\.(?:ct|pt|st|sa|scim|audit)\.(?:[a-z0-9_-]{2,35}\.)?[A-Za-z0-9]{30,}"),
    shape("one-password-key", r"A3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})(?:-[A-Z0-9]{5}){3}"),
    shape("one-password-token", rf"ops_eyJ{BASE64}{{40,}}"),
    shape("linear-key", r"lin_(?:api|oauth)_[A-Za-z0-9]{30,}"),
    shape("figma-token", r"fig[du]_[\w-]{30,}"),
    shape("launchdarkly-key", rf"(?:api|sdk)-{_UUID}"),
)
"""Where code is kept, built and published."""

MESSAGES: tuple[Rule, ...] = (
    shape("slack-token", r"(?:xox[a-z](?:\.xox[a-z])?|xapp)-[A-Za-z0-9-]{8,}", hint="xox[a-z]|xapp-"),
    rule("slack-webhook", r"\b(hooks\.slack\.com/[a-z]+/)[A-Za-z0-9/_-]+", r"\1[slack-token]"),
    rule("discord-webhook", r"\b(discord(?:app)?\.com/api/webhooks/\d+/)[\w-]{20,}", r"\1[discord-webhook]"),
    rule("teams-webhook", r"\b(webhook\.office\.com/webhookb?2?/)[\w@/-]{20,}", r"\1[teams-webhook]"),
    rule("zapier-webhook", r"\b(hooks\.zapier\.com/hooks/catch/)[\w/]{6,}", r"\1[zapier-webhook]"),
    shape(
        "discord-token",
        r"[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,}",
        hint=r"\.[A-Za-z0-9_-]{6}\.",
    ),
    rule("telegram-bot-token", rf"{EDGE}(bot)?\d{{8,12}}:AA[A-Za-z0-9_-]{{30,}}", r"\1\2[telegram-bot-token]"),
    shape("twilio-key", r"SK[0-9a-fA-F]{32}\b", hint="SK[0-9a-fA-F]"),
    shape("sendgrid-key", r"SG\.[\w-]{16,}\.[\w-]{16,}"),
    # Not after a hyphen: `cache-key-` and a digest is no key of Mailgun.
    rule(
        "mailgun-key",
        r"(^|[^\w-]|\\[nrt])(?:key-[0-9a-f]{32}|[0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8})\b",
        r"\1[mailgun-key]",
        hint="key-[0-9a-f]|-[0-9a-f]{8}-[0-9a-f]{8}",
    ),
    shape("mailchimp-key", r"[0-9a-f]{32}-us\d{1,2}\b"),
    shape("brevo-key", r"x(?:keysib|smtpsib)-[a-f0-9]{40,}(?:-[A-Za-z0-9]+)?"),
    shape("pagerduty-key", r"pd[a-z]{2}\+[A-Za-z0-9_+-]{15,}", hint=r"pd[a-z]{2}\+"),
)
"""What sends messages, mails and calls."""
