#!/usr/bin/python3
"""Serves the lab's Flatpak repository over HTTP, slowly: slow-remote.py BYTES_PER_SECOND [FOLDER].

Prints its address once it listens; the speed is that of all connections together. For tests that cancel in the middle.
"""
import functools
import http.server
import sys
import threading
import time

CHUNK = 16384


class Throttle:
    """Hands out bytes at a steady rate."""

    def __init__(self, rate):
        self.rate, self.free_at, self.lock = rate, time.monotonic(), threading.Lock()

    def take(self, count):
        with self.lock:
            self.free_at = max(self.free_at, time.monotonic()) + count / self.rate
            wait = self.free_at - time.monotonic()
        time.sleep(max(0, wait))


class Slow(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"   # connections are kept, as by a real server
    throttle = None

    def copyfile(self, source, outputfile):
        while chunk := source.read(CHUNK):
            self.throttle.take(len(chunk))
            outputfile.write(chunk)

    def log_message(self, *args):
        pass


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        """A client that was stopped in the middle is what this is for."""


def main(rate, folder="/srv/lab/repo"):
    Slow.throttle = Throttle(int(rate))
    server = Server(("127.0.0.1", 0), functools.partial(Slow, directory=folder))
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
