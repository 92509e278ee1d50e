"""Lines that only look as if they held a secret: identifiers, digests, addresses of resources, code."""

HARMLESS: tuple[str, ...] = tuple(
    """\
START RequestId: 3fa85f64-5717-4562-b3fc-2c963f66afa6 Version: $LATEST
END RequestId: 3fa85f64-5717-4562-b3fc-2c963f66afa6
REPORT RequestId: 3fa85f64-5717-4562-b3fc-2c963f66afa6 Duration: 3002.10 ms Billed Duration: 3000 ms Memory Size: 128 MB
2026-11-24T19:15:19.123Z 3fa85f64-5717-4562-b3fc-2c963f66afa6 Task timed out after 3.00 seconds
x-amzn-trace-id: Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1
x-amz-request-id: 79AF1C0FDE4ABD2C
x-amz-id-2: eftixk72aD6Ap51TnqcoF8eFidJG9Z/2mkiDFu8yU9AS1ed4OpIszj7UDNEHGran
arn:aws:iam::123456789012:role/service-role/payments-lambda-role-8k2j1h4g
arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db/password-AbCdEf
arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab
arn:aws:sns:us-east-1:123456789012:alerts:2bcfbf39-05c3-41de-beaa-fcfcc21c8f55
User: arn:aws:sts::123456789012:assumed-role/app/i-0abcd1234efgh5678 is not authorized to perform: s3:GetObject
AccessDenied: AROAJQABLZS4A3QDU576Q is no user; AIDAJQABLZS4A3QDU576Q is
commit 9d50b15c1a2b3c4d5e6f708192a3b4c5d6e7f809
HEAD is now at 7bdc01c Keep what was measured
sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
pulled image registry.example.com/app@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
md5 d41d8cd98f00b204e9800998ecf8427e of empty file
etag "d41d8cd98f00b204e9800998ecf8427e-12"
cache-key-d41d8cd98f00b204e9800998ecf8427e missed
"integrity": "sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg=="
traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
trace_id=4bf92f3577b34da6a3ce929d0e0e4736 span_id=00f067aa0ba902b7
correlation-id 01HF7YAT00S2QH4XJ5V6W7T8RN
ulid 01ARZ3NDEKTSV4RRFFQ69G5FAV created
cuid cjld2cjxh0000qzrmn831i7rn
object id 507f1f77bcf86cd799439011 not found in collection orders
instance i-0abcd1234efgh5678 in subnet-0bb1c79de3EXAMPLE of vpc-0123456789abcdef0
sg-0a1b2c3d4e5f67890 does not allow port 5432
ENI eni-0a1b2c3d4e5f67890 attached to eipalloc-64d5890a
ami-0abcdef1234567890 launched as spot sir-08b93456
account 123456789012 in us-east-1 reached 95% of its limit
order 1770184931000123456 shipped
phone 555-0100 called
invoice 123-45-6789 was paid
part number 987-65-4320
card ending in 4242
tracking number 9400 1118 9922 3397 5623 10
build 4111111111111112 failed
duration=123456789012345 ns
2026-11-24 19:15:19,123 ERROR [main] o.s.b.w.embedded.tomcat.TomcatStarter - Error starting Tomcat context
at org.springframework.security.authentication.AuthenticationProvider.authenticate(ProviderManager.java:182)
at com.example.token.TokenService.refresh(TokenService.java:42)
at com.example.SecretManager$$EnhancerBySpringCGLIB$$1a2b3c4d.load(<generated>)
Caused by: java.sql.SQLException: Access denied for user 'app'@'10.0.0.12' (using password: YES)
Caused by: com.fasterxml.jackson.core.JsonParseException: Unrecognized token 'abc': was expecting (JSON String)
File "/usr/lib/python3.11/site-packages/botocore/auth.py", line 418, in add_auth
File "/app/secrets/loader.py", line 12, in load_password
goroutine 17 [running]: main.(*Token).Refresh(0xc0000b4000, 0x1)
panic: runtime error: invalid memory address or nil pointer dereference [signal SIGSEGV: segmentation violation]
    at Object.<anonymous> (/app/node_modules/jsonwebtoken/verify.js:133:19)
JsonWebTokenError: invalid signature
TokenExpiredError: jwt expired
SyntaxError: Unexpected token < in JSON at position 0
error: invalid_client; the client secret is wrong
Password authentication failed for user "app"
FATAL: password authentication failed for user "app"
password must contain at least eight characters
your password has expired
forgot password link sent
GET /reset-password?step=2 200
POST /oauth/token 401 12ms
GET /api/v1/tokens 200
GET /.well-known/openid-configuration 200
token_type=Bearer expires_in=3600
max_tokens=4096 prompt_tokens=12 total_tokens=77
tokenizer=cl100k_base
"grant_type": "client_credentials"
"token_endpoint": "https://login.example.com/oauth2/v1"
secretName: prod-db
kubectl get secret prod-db -n payments
MountVolume.SetUp failed for volume "certs" : secret "tls-prod" not found
Error from server (NotFound): secrets "regcred" not found
password=null
"token": null, "secret": "", "api_key": false
api_key is missing
missing credentials in request
NoCredentialsError: Unable to locate credentials
CredentialsError: Missing credentials in config
The security token included in the request is expired
The AWS Access Key Id you provided does not exist in our records
basic authentication is disabled
Basic Constraints: CA:FALSE
WWW-Authenticate: Bearer realm="api"
auth=none
PWD=/var/task
OLDPWD=/home/app
http://127.0.0.1:8080/api?x=1
https://example.com:8443/path/to/page?user=12&sort=asc#top
s3://bucket/prefix/2026/11/24/part-00000-1b2c3d4e.snappy.parquet
jdbc:postgresql://db.internal:5432/app?sslmode=require
redis://cache.internal:6379/0 refused the connection
amqp://broker:5672/%2F closed
git@github.com:org/repo.git
lodash@4.17.21 @types/node@18.0.0
pip install requests==2.34.2 --hash=sha256:58cd2187c01e70e6e26505bca751777aa9f2ee0b7f4300988b709f44e013003f
data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==
data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7
-----BEGIN CERTIFICATE-----
-----BEGIN PUBLIC KEY-----
ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQC7 deploy
SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8 is the fingerprint of the host
mysql -h db.internal -u app -P 3306 orders
mysql: [Warning] Using a password on the command line interface can be insecure.
curl -s -o /dev/null -w "%{http_code}" https://example.com/health
curl: (7) Failed to connect to db.internal port 5432
docker run -p 8080:80 nginx
ssh -p 2222 host
tar -xzpf backup.tar.gz
sk-fading-circle
task-0123456789abcdef0123 started
disk-usage-of-the-big-machine-is-high
xoxo from the team
test_password_reset_sends_mail PASSED
routing_key=orders.created queue=billing
partition key: customer#42 sort key: order#7
primary key constraint "orders_pkey" violated
Duplicate entry '42' for key 'orders.PRIMARY'
KeyError: 'token'
key 'api_key' not found
100%25 done, 3 &amp; 4 are next, caf\\u00e9 closed
path C:\\Users\\app\\token.txt not found
{"level":"info","msg":"listening","port":8080,"pid":17}
{"timestamp":"2026-11-24T19:15:19Z","requestId":"3fa85f64-5717-4562-b3fc-2c963f66afa6","status":200}
{"body":"{\\"status\\":\\"ok\\",\\"items\\":[1,2,3]}"}
<item><tokenType>Bearer</tokenType><passwordPolicy>strict</passwordPolicy></item>
V1StGXR8_Z5jdHi6B-myT is a nanoid
Bearer of bad news
""".splitlines()
)
