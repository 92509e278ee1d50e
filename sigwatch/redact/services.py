"""Tokens that are known by their own shape: money, models, watching, and other services. Sources: see `shapes`."""

from sigwatch.redact.rules import BASE64, Rule, shape

_UUID = r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"

MONEY: tuple[Rule, ...] = (
    shape(
        "stripe-key",
        r"[sr]k_(?:live|test|prod)_[A-Za-z0-9]{16,}|whsec_[A-Za-z0-9+/=]{20,}|(?:pi|seti)_[A-Za-z0-9]{14,}_secret_\w{14,}",
        "api-key",
    ),
    shape("square-token", r"(?:sandbox-)?sq0[a-z]{3}-[\w-]{20,}|EAAA[A-Za-z0-9_-]{56,}"),
    shape("shopify-token", r"shp(?:at|ca|pa|ss|ua|tka)_[a-fA-F0-9]{30,}"),
    shape("paypal-token", r"access_token\$(?:production|sandbox)\$[0-9a-z]{16}\$[0-9a-f]{32}"),
    shape("plaid-token", rf"access-(?:sandbox|development|production)-{_UUID}"),
    shape("razorpay-key", r"rzp_(?:live|test)_[A-Za-z0-9]{14,}"),
    shape("flutterwave-key", r"FLW(?:SECK|PUBK)(?:_TEST)?-[A-Za-z0-9]{12,}(?:-X)?"),
    shape("shippo-token", r"shippo_(?:live|test)_[a-fA-F0-9]{40}"),
    shape("easypost-key", r"EZ[AT]K[A-Za-z0-9]{54}"),
    shape("duffel-token", r"duffel_(?:test|live)_[\w=-]{30,}"),
    shape("lob-key", r"(?:live|test)_(?:pub_)?[a-f0-9]{31,35}\b"),
)
"""What pays, sells and ships."""

MODELS: tuple[Rule, ...] = (
    shape("anthropic-key", r"sk-ant-[A-Za-z0-9_-]{20,}"),
    # OpenAI's, and those of the many that copied its shape.
    shape("openai-key", r"sk-[A-Za-z0-9_-]{20,}", "api-key"),
    shape("hugging-face-token", r"(?:hf|api_org)_[A-Za-z0-9]{30,}"),
    shape("groq-key", r"gsk_[A-Za-z0-9]{40,}"),
    shape("xai-key", r"xai-[A-Za-z0-9_]{60,}"),
    shape("perplexity-key", r"pplx-[A-Za-z0-9]{40,}"),
    shape("replicate-token", r"r8_[A-Za-z0-9_-]{37}"),
    shape("nvidia-key", r"nvapi-[A-Za-z0-9_-]{50,}"),
    shape("pinecone-key", r"pcsk_[A-Za-z0-9]{5,6}_[A-Za-z0-9]{50,}"),
    shape("langsmith-key", r"lsv2_(?:pt|sk)_[a-f0-9]{32}_[a-f0-9]{10}"),
)
"""What runs models."""

WATCHING: tuple[Rule, ...] = (
    shape("datadog-token", r"dd[pw]_[A-Za-z0-9]{36}"),
    shape(
        "new-relic-key",
        r"NR(?:AK|II|IQ|JS|BR|AA|AL|SP|RA)-[A-Za-z0-9_-]{19,}|(?:[0-9a-f]{32}|eu01xx[0-9a-f]{26})FFFFNRAL\b"
        r"|(?:AA[0-9a-f]{40}|eu01xx[0-9a-f]{36})-NRMA\b",
    ),
    shape("sentry-token", rf"sntry[us]_(?:{BASE64}|_){{40,}}"),
    shape(
        "grafana-token",
        rf"glsa_[A-Za-z0-9_]{{32,}}|glc_{BASE64}{{32,}}|eyJrIjoi{BASE64}{{40,}}",
        hint="glsa_|glc_|eyJrIjoi",
    ),
    shape("dynatrace-token", r"dt0[a-z]\d\d\.[A-Za-z0-9]{24}\.[A-Za-z0-9]{30,}"),
    shape("posthog-key", r"ph[xs]_[A-Za-z0-9_]{40,}"),
    shape("rootly-key", r"rootly_[a-f0-9]{64}"),
)
"""What measures and watches."""

OTHERS: tuple[Rule, ...] = (
    shape("adobe-client-secret", r"p8e-[A-Za-z0-9]{32}"),
    shape("airtable-token", r"pat[A-Za-z0-9]{14}\.[a-f0-9]{64}"),
    shape("asana-token", r"[01]/\d{16}:[0-9a-f]{32}", hint=r"[01]/\d{4}"),
    shape("contentful-token", r"CFPAT-[\w-]{40,}"),
    shape("facebook-token", r"EAA[MC][A-Za-z0-9]{100,}"),
    shape("frameio-token", r"fio-u-[\w=-]{60,}"),
    shape("hubspot-token", rf"pat-(?:eu|na)\d-{_UUID}"),
    shape("mapbox-token", r"sk\.[A-Za-z0-9-]{60,}\.[A-Za-z0-9_-]{20,}"),
    shape("maxmind-key", r"[A-Za-z0-9]{6}_[A-Za-z0-9]{29}_mmk\b"),
    shape("notion-token", r"ntn_[A-Za-z0-9]{40,}|secret_[A-Za-z0-9]{43}\b"),
    shape("readme-key", r"rdme_[a-z0-9]{70}"),
    shape("salesforce-session", r"00D[A-Za-z0-9]{12,15}![A-Za-z0-9_.]{60,}"),
    shape("twitter-bearer-token", r"A{20,}[A-Za-z0-9%]{60,}"),
    shape("typeform-token", r"tfp_[\w.=-]{40,}"),
    shape("zoho-token", r"1000\.[a-f0-9]{32}\.[a-f0-9]{32}"),
)
"""What else hands out tokens with a shape."""
