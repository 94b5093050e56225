"""A server and its client: GET of a folder, GET of nothing, POST of JSON."""
import http.client
import http.server
import json
import threading


class Handler(http.server.SimpleHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())


with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for method, path, body in (("POST", "/", json.dumps({"a": 1})), ("GET", "/nothing", None), ("GET", "/", None)):
        connection = http.client.HTTPConnection("localhost", server.server_port)
        connection.request(method, path, body)
        print(connection.getresponse().status)
    server.shutdown()
print("the end")
