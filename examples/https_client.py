"""Fetches a page over TLS, with certificate verification: https_client URL [CA-FILE]."""
import ssl
import sys
import urllib.error
import urllib.request


def main(arguments: list[str]) -> int:
    if not 1 <= len(arguments) <= 2:
        print("usage: https_client URL [CA-FILE]", file=sys.stderr)
        return 2
    context = ssl.create_default_context(cafile=arguments[1] if len(arguments) == 2 else None)
    try:
        with urllib.request.urlopen(arguments[0], timeout=30, context=context) as answer:
            body = answer.read()
    except (urllib.error.URLError, ssl.SSLError) as error:
        print(f"https_client: {error.reason}", file=sys.stderr)
        return 1
    print(f"{answer.status} {answer.headers.get_content_type()} {len(body)} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
