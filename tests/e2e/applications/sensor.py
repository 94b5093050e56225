"""Sends a measurement over a socket, logs a mistake with its traceback."""
import json
import logging
import socket
import struct
import sys
import threading

logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(levelname)s %(message)s")


def serve(server):
    peer, _ = server.accept()
    size, = struct.unpack(">I", peer.recv(4))
    print(json.loads(peer.recv(size)))
    peer.close()


server = socket.create_server(("127.0.0.1", 0))
thread = threading.Thread(target=serve, args=(server,))
thread.start()
with socket.create_connection(("localhost", server.getsockname()[1])) as connection:
    data = json.dumps({"value": 1.5}).encode()
    connection.sendall(struct.pack(">I", len(data)) + data)
thread.join()
try:
    json.loads("{")
except ValueError:
    logging.exception("not JSON")
logging.info("the end")
