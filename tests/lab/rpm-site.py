#!/usr/bin/python3
"""Stands in for the web sites that RPM packages come from: a COPR project's, and a vendor's. Run as root: HTTPS, port 443.

What it serves is real: the signed repositories that the lab's layer has. The base image trusts the site's certificate.
"""
import functools
import http.server
import pathlib
import re
import ssl

RPMS = pathlib.Path("/srv/lab/rpm")
PLACES = [   # of host and path; the rest is a file below the folder
    (r"download\.copr\.fedorainfracloud\.org/results/atim/starship/fedora-42-\w+/", "copr/"),
    (r"download\.copr\.fedorainfracloud\.org/results/atim/starship/pubkey\.gpg$", "copr/key.asc"),
    (r"packages\.example\.com/stable/\w+/", "vendor/"),
    (r"packages\.example\.com/key\.asc$", "vendor/key.asc"),
]


class Site(http.server.SimpleHTTPRequestHandler):
    def translate_path(self, path):
        asked = self.headers["Host"].split(":")[0] + path.split("?")[0]
        for pattern, folder in PLACES:
            found = re.match(pattern, asked)
            if found:
                return str(RPMS / (folder + asked[found.end():]))
        return "/nonexistent"


server = http.server.ThreadingHTTPServer(("127.0.0.1", 443), functools.partial(Site, directory=str(RPMS)))
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("/srv/lab/site.crt", "/srv/lab/site.key")
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
