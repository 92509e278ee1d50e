"""Secrets that only a name or a place gives away, and the rest of the line, to the letter."""

import pytest

from sigwatch.redact.standard import mask, mask_document

CASES = [
    (r'{"pass\u0077ord": "hunter2", "a": 1}', '{"password": "[secret]", "a": 1}'),
    (r'{"\u0070\u0061ssword":"hunter2"}', '{"password":"[secret]"}'),
    (r'{"password": "hunter\u0032"}', '{"password": "[secret]"}'),
    (r'{"q":"a=1\u0026password=hunter2\u0026x=1"}', r'{"q":"a=1\u0026password=[secret]\u0026x=1"}'),
    (r"password\u003dhunter2", r"password\u003d[secret]"),
    (r"{\"pass\\u0077ord\":\"hunter2\"}", r"{\"password\":\"[secret]\"}"),
    ("q=%7B%22password%22%3A%22hunter2%22%7D&x=1", 'q={"password":"[secret]"}&x=1'),
    ("mail=jane%40example.com&x=1", "mail=[email]&x=1"),
    ("body &lt;password&gt;hunter2&lt;/password&gt; end", "body <password>[secret]</password> end"),
    ("one%20two\nmail=jane%40example.com", "one%20two\nmail=[email]"),
    ("<password>x</password>", "<password>[secret]</password>"),
    ("<Password>two words</Password>", "<Password>[secret]</Password>"),
    ('<wsse:Password Type="text">x</wsse:Password>', '<wsse:Password Type="text">[secret]</wsse:Password>'),
    ("<db.password><![CDATA[x]]></db.password>", "<db.password>[secret]</db.password>"),
    ("<accessToken>\n  x\n</accessToken>", "<accessToken>[secret]</accessToken>"),
    ("<password></password><password/>", "<password></password><password/>"),
    ("<tokenType>Bearer</tokenType>", "<tokenType>Bearer</tokenType>"),
    ('<entry key="db.password">x</entry>', '<entry key="db.password">[secret]</entry>'),
    ('<add key="Password" value="x y" />', '<add key="Password" value="[secret]" />'),
    ('{"name":"DB_PASSWORD","value":"x"}', '{"name":"DB_PASSWORD","value":"[secret]"}'),
    ('{"ParameterKey":"Token","ParameterValue":"x"}', '{"ParameterKey":"Token","ParameterValue":"[secret]"}'),
    ('{"name":"COLOUR","value":"x"}', '{"name":"COLOUR","value":"x"}'),
    ('{"user":"bob","pass":"x"}', '{"user":"bob","pass":"[secret]"}'),
    ('{"cvv":"123"}', '{"cvv":"[secret]"}'),
    ('{"auths":{"h":{"auth":"dXNlcjpwYXNz"}}}', '{"auths":{"h":{"auth":"[secret]"}}}'),
    ('{"auth":"basic"}', '{"auth":"basic"}'),
    ("mysql -u app -phunter2 orders", "mysql -u app -p[secret] orders"),
    ("mysql -phunter2", "mysql -p[secret]"),
    ("mysqldump -h db -u app -p'two words' orders > x.sql", "mysqldump -h db -u app -p[secret] orders > x.sql"),
    ("mysql -u app -p orders", "mysql -u app -p orders"),
    ("sshpass -p hunter2 ssh host", "sshpass -p [secret] ssh host"),
    ("redis-cli -h cache -a hunter2 ping", "redis-cli -h cache -a [secret] ping"),
    ("docker login -u app -p hunter2 registry", "docker login -u app -p [secret] registry"),
    ("curl -s -u bob:hunter2 https://h/x", "curl -s -u bob:[secret] https://h/x"),
    ("curl --user=bob:hunter2 https://h/x", "curl --user=bob:[secret] https://h/x"),
    ("SSN 123-45-6789 is taken", "SSN [ssn] is taken"),
    ('{"ssn":"123-45-6789"}', '{"ssn":"[ssn]"}'),
    ("customer_ssn=123456789", "customer_ssn=[ssn]"),
    ("Social Security Number: 123-45-6789", "Social Security Number: [ssn]"),
    ("invoice 123-45-6789", "invoice 123-45-6789"),
    ("Authorization: SSWS 00abcDEF", "Authorization: [secret]"),
    ("authorization: GenieKey 0a1b2c3d", "authorization: [secret]"),
    ("?sv=2024-11-04&sig=abcDEF0123456789abcDEF%3D&se=2026", "?sv=2024-11-04&sig=[azure-sas]&se=2026"),
    ("https://0123456789abcdef0123456789abcdef@o1.ingest.sentry.io/2", "https://[credentials]@o1.ingest.sentry.io/2"),
    (
        "https://discord.com/api/webhooks/123/abcdefghijABCDEFGHIJ0123",
        "https://discord.com/api/webhooks/123/[discord-webhook]",
    ),
    (
        "https://x.webhook.office.com/webhookb2/0a-1@2-3/IncomingWebhook/4f/5e",
        "https://x.webhook.office.com/webhookb2/[teams-webhook]",
    ),
    ("https://hooks.zapier.com/hooks/catch/123456/abcdef", "https://hooks.zapier.com/hooks/catch/[zapier-webhook]"),
    ("GET /x;jsessionid=0A1B2C3D", "GET /x;jsessionid=[secret]"),
    ("okta_token_type: interaction_code_flow", "okta_token_type: interaction_code_flow"),
    ("datadog-auth: 0123456789abcdef0123", "datadog-auth: [secret]"),
    ("Signature=" + "0a" * 32 + ", x", "Signature=[secret], x"),
    ("password-[secret] stays", "password-[secret] stays"),
]


@pytest.mark.parametrize(("text", "masked"), CASES)
def test_only_the_secret_goes(text: str, masked: str) -> None:
    assert mask(text) == masked
    assert mask(masked) == masked


@pytest.mark.parametrize(
    "text",
    [
        "curl -H 'Authorization: Bearer $TOKEN' https://h",
        "export PASSWORD=$(pass show db)",
        "psql --password ${DB_PASSWORD}",
    ],
)
def test_shell_references_stay_in_documents(text: str) -> None:
    assert mask_document(text) == text
    assert mask(text) != text


def test_a_secret_beside_a_shell_reference_goes() -> None:
    assert mask_document("curl -u $USER -H 'x-api-key: 0a1b2c' $URL") == "curl -u $USER -H 'x-api-key: [secret]' $URL"
