"""A small web server: GET / tells about the device in JSON, POST /echo gives back what it got.

usage: httpd [PORT]
"""
import http.server
import json
import os
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self, status: int, data: object) -> None:
        body = json.dumps(data).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        if self.path != "/":
            self.answer(404, {"error": "not found"})
            return
        name = os.uname()
        self.answer(200, {"node": name.nodename, "machine": name.machine, "python": sys.version.split()[0]})

    def do_POST(self) -> None:
        try:
            data = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        except (TypeError, ValueError) as error:
            self.answer(400, {"error": str(error)})
            return
        self.answer(200, data)

    def log_message(self, text: str, *words: object) -> None:
        print(self.address_string(), text % words, flush=True)


def main() -> None:
    with http.server.ThreadingHTTPServer(("", int(sys.argv[1]) if len(sys.argv) > 1 else 8080), Handler) as server:
        print(f"listening on {server.server_address[1]}", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
