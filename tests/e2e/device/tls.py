"""A TLS server and its clients in one process. Arguments: the folder of certificates. Prints what each client met, as JSON."""
import json
import socket
import ssl
import sys
import threading

FOLDER = sys.argv[1]


def serve(listener: socket.socket, context: ssl.SSLContext) -> None:
    """Answer each client with what it sent, in capitals; one that breaks off is no error here."""
    while True:
        connection, _ = listener.accept()
        with connection:
            try:
                with context.wrap_socket(connection, server_side=True) as stream:
                    stream.sendall(stream.recv(100).upper())
            except (ssl.SSLError, OSError):
                pass


def meet(port: int, authority: str, host: str, version: ssl.TLSVersion | None = None) -> dict:
    """Connect as a client that trusts one authority and expects one host."""
    context = ssl.create_default_context(cafile=f"{FOLDER}/{authority}.pem")
    if version:
        context.maximum_version = version
    with socket.create_connection(("127.0.0.1", port)) as connection:
        try:
            with context.wrap_socket(connection, server_hostname=host) as stream:
                stream.sendall(b"hello")
                subject = dict(pair for row in stream.getpeercert()["subject"] for pair in row)
                return {"version": stream.version(), "cipher": stream.cipher()[0], "subject": subject["commonName"],
                        "answer": stream.recv(100).decode()}
        except ssl.SSLCertVerificationError as error:
            return {"refused": error.verify_code, "because": error.verify_message}


server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
server.load_cert_chain(f"{FOLDER}/server.pem", f"{FOLDER}/server.key")
listener = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=serve, args=(listener, server), daemon=True).start()
port = listener.getsockname()[1]

paths = ssl.get_default_verify_paths()
found = {
    "openssl": ssl.OPENSSL_VERSION,
    "paths": [paths.openssl_cafile, paths.openssl_capath],
    "right": meet(port, "authority", "device.example"),
    "address": meet(port, "authority", "127.0.0.1"),
    "older": meet(port, "authority", "device.example", ssl.TLSVersion.TLSv1_2),
    "other authority": meet(port, "stranger", "device.example"),
    "other host": meet(port, "authority", "other.example"),
}
if len(sys.argv) > 2:  # the port of a server that is not this interpreter's
    found["host"] = meet(int(sys.argv[2]), "authority", "device.example")
print(json.dumps(found))
