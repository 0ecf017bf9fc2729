#!/usr/bin/python3
"""Stands in for the web sites that RPM packages come from: COPR's, with one project, and a vendor's. Run as root: HTTPS, port 443.

The signed repositories that it serves are real ones, of the lab's layer. The base image trusts the site's certificate.
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
REPO = """[copr:copr.fedorainfracloud.org:{owner}:{project}]
name=Copr repo for {project} owned by {owner}
baseurl=https://download.copr.fedorainfracloud.org/results/{owner}/{project}/fedora-$releasever-$basearch/
type=rpm-md
skip_if_unavailable=True
gpgcheck=1
gpgkey=https://download.copr.fedorainfracloud.org/results/{owner}/{project}/pubkey.gpg
repo_gpgcheck=0
enabled=1
enabled_metadata=1
"""


class Site(http.server.SimpleHTTPRequestHandler):
    def asked(self):
        return self.headers["Host"].split(":")[0] + self.path.split("?")[0]

    def do_GET(self):
        """What `dnf copr enable` asks the hub for is made; all else is a file."""
        enabled = re.fullmatch(r"copr\.fedorainfracloud\.org/coprs/(\w+)/(\w+)/repo/fedora-42/dnf\.repo", self.asked())
        if not enabled:
            super().do_GET()
            return
        text = REPO.format(owner=enabled[1], project=enabled[2]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def translate_path(self, path):
        asked = self.asked()
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
