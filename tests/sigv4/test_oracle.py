"""botocore and this code agree about every signature."""

from urllib.parse import quote, urlsplit

from botocore.auth import SigV4Auth
from botocore.utils import percent_encode_sequence
from hypothesis import given
from hypothesis import strategies as st

from privyseal import sigv4
from privyseal.sigv4 import SignedRequest
from privyseal.sigv4.canonical import normal_path
from tests.sigv4.requests import KEY_ID, REGION, SECRET, SERVICE, by_botocore, signed_at

_URL_CHARACTERS = "abcXYZ019-._~%!$&'()*+,;=:@"
texts = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=20)
names = st.from_regex(r"\A[a-z][a-z0-9-]{0,15}\Z").filter(
    lambda name: not name.startswith(("x-amz", "host", "date", "authorization", "content-type"))
)
odd_spaces = st.lists(texts, max_size=4).map("  ".join).map(lambda text: f" {text} ")
headers = st.dictionaries(names, texts | odd_spaces, max_size=6)
methods = st.sampled_from(["GET", "POST", "PUT", "DELETE"])
segments = st.text(_URL_CHARACTERS, max_size=8) | st.sampled_from(
    [".", "..", "", "%2F", "%2f", "a%20b", "%E2%82%AC"]
)
any_paths = st.lists(segments, max_size=6).map(lambda parts: "/" + "/".join(parts))
paths = any_paths.map(lambda path: normal_path(path.encode()).decode())
queries = st.lists(st.tuples(st.text(max_size=8), st.text(max_size=8)), max_size=5)
bodies = st.binary(max_size=300)


def _verify(request: SignedRequest, token: str | None = None) -> None:
    sigv4.verify(
        request,
        sigv4.parse_authorization(request.headers),
        SECRET,
        region=REGION,
        service=SERVICE,
        now=signed_at(request),
        session_token=token,
    )


@given(methods, paths, queries, headers, bodies)
def test_what_botocore_signs_is_verified(
    method: str, path: str, query: list[tuple[str, str]], extra: dict[str, str], body: bytes
) -> None:
    """Whatever the path, the query, the headers with their odd spaces, and the body."""
    pairs = f"?{percent_encode_sequence(query)}" if query else ""  # as botocore's serialisers do
    _verify(by_botocore(method, f"http://127.0.0.1:8000{path}{pairs}", extra, body))


@given(methods, paths, queries, headers, bodies, st.none() | st.just("a-session-token"))
def test_both_sign_alike(
    method: str,
    path: str,
    query: list[tuple[str, str]],
    extra: dict[str, str],
    body: bytes,
    token: str | None,
) -> None:
    """The same request gets the same Authorization header from both."""
    pairs = "&".join(f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in query)
    url = f"https://ca.example:443{path}" + (f"?{pairs}" if pairs else "")
    theirs = by_botocore(method, url, extra, body, token=token)
    ours = sigv4.sign(
        method,
        url,
        extra,
        body,
        access_key_id=KEY_ID,
        secret_key=SECRET,
        session_token=token,
        region=REGION,
        service=SERVICE,
        now=signed_at(theirs),
    )
    assert ours["Authorization"].encode() == dict(theirs.headers)[b"authorization"]
    assert ours["Host"] == "ca.example"


@given(methods, paths, queries, headers, bodies)
def test_what_is_signed_here_is_verified_here(
    method: str, path: str, query: list[tuple[str, str]], extra: dict[str, str], body: bytes
) -> None:
    """The client library and the server agree, with a session token too."""
    pairs = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in query)
    url = f"http://[::1]:8000{path}?{pairs}"
    at = signed_at(by_botocore())
    sent = sigv4.sign(
        method,
        url,
        extra,
        body,
        access_key_id=KEY_ID,
        secret_key=SECRET,
        session_token="token",
        region=REGION,
        service=SERVICE,
        now=at,
    )
    fields = [(name.lower().encode(), value.encode()) for name, value in sent.items()]
    parts = urlsplit(url)
    _verify(SignedRequest(method, parts.path.encode(), parts.query.encode(), fields, body), "token")


@given(any_paths)
def test_paths_are_normalised_as_botocore_does(path: str) -> None:
    """Empty segments and dots disappear in the same way."""
    theirs = SigV4Auth(None, SERVICE, REGION)._normalize_url_path(path)
    assert quote(normal_path(path.encode()), safe="/~") == theirs


@given(st.dictionaries(names, st.lists(texts, min_size=2, max_size=3), min_size=1, max_size=2))
def test_repeated_headers_are_joined_as_in_a_signature(repeated: dict[str, list[str]]) -> None:
    """A client that sends a header twice signs its values joined by a comma."""
    joined = {
        name: ",".join(" ".join(value.split()) for value in values) for name, values in repeated.items()
    }
    signed = by_botocore(headers=joined)
    fields = [pair for pair in signed.headers if pair[0].decode() not in repeated]
    fields += [(name.encode(), value.encode()) for name, values in repeated.items() for value in values]
    _verify(SignedRequest(signed.method, signed.raw_path, signed.raw_query, fields, signed.body))
