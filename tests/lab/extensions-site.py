#!/usr/bin/python3
"""Stands in for the extensions site: extensions-site.py CATALOG [LOG]. Prints its address once it listens.

CATALOG is JSON, read anew for each request, from UUID to what the site has of it:
    {"a@b": {"name": "A", "builds": {"48": 12, "3.38": 2}, "trouble": "slow", "script": "enable() {…}"}}
`builds` are versions by the release of the Shell they are made for. `trouble`, when the archive is fetched: "cut" (the
connection breaks in the middle), "slow" (it never ends), "broken" (no archive), "other" (another extension's archive).
LOG gets a line for each request. Answers have the shape of the real site's, also where that is odd: it validates the
version only if asked to, pages hold 25 at most, and an archive is behind a redirect.
"""
import http.server
import io
import json
import pathlib
import sys
import time
import urllib.parse
import zipfile

CODE = """import {Extension} from 'resource:///org/gnome/shell/extensions/extension.js';
export default class Site extends Extension { enable() { %s } disable() {} }
"""


def major(version):
    return ".".join(version.split(".")[:2 if version.startswith("3.") else 1])


def archive(uuid, entry, version):
    """The zip of one version, made for every release that has it."""
    made_for = [shell for shell, number in entry["builds"].items() if number == version]
    metadata = {"uuid": uuid, "name": entry["name"], "description": "From the stand-in", "shell-version": made_for, "version": version}
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr("metadata.json", json.dumps(metadata))
        bundle.writestr("extension.js", CODE % entry.get("script", ""))
        bundle.writestr("padding.txt", "".join(chr(33 + i * 7919 % 90) for i in range(100_000)))
    return data.getvalue()


class Site(http.server.BaseHTTPRequestHandler):
    catalog = log = None

    def do_GET(self):  # noqa: N802 - the library's name
        if self.log:
            with open(self.log, "a", encoding="utf-8") as log:
                log.write(self.path + "\n")
        url = urllib.parse.urlsplit(self.path)
        query = urllib.parse.parse_qs(url.query)
        catalog = json.loads(pathlib.Path(self.catalog).read_text(encoding="utf-8"))
        parts = [urllib.parse.unquote(part) for part in url.path.strip("/").split("/")]
        match parts:
            case ["extension-info"] if query["uuid"][0] in catalog:
                self.send_json(self.info(query["uuid"][0], catalog[query["uuid"][0]]))
            case ["extension-query"]:
                self.send_json(self.query(catalog, query))
            case ["download-extension", file]:
                self.redirect(catalog, file.removesuffix(".shell-extension.zip"), query)
            case ["api", "v1", "extensions", uuid, "versions", version] if uuid in catalog:
                self.send_archive(uuid, catalog, int(version))
            case _:
                self.send_error(404)

    @staticmethod
    def info(uuid, entry):
        builds = {shell: {"pk": 1000 + n, "version": version} for n, (shell, version) in enumerate(entry["builds"].items())}
        return {"uuid": uuid, "name": entry["name"], "creator": "lab", "pk": 1, "description": "", "shell_version_map": builds}

    def query(self, catalog, query):
        words = query.get("search", [""])[0].lower().split()
        asked = query.get("uuid")
        found = [self.info(uuid, entry) for uuid, entry in catalog.items()
                 if (uuid in asked if asked else any(word in f"{uuid} {entry['name']}".lower() for word in words))]
        size = min(25, int(query.get("n_per_page", ["10"])[0]))
        page = int(query.get("page", ["1"])[0]) - 1
        shown = found[page * size:(page + 1) * size]
        return {"extensions": shown, "total": len(shown), "numpages": -(-len(found) // size)}

    def redirect(self, catalog, uuid, query):
        builds = catalog.get(uuid, {}).get("builds", {})
        strict = query.get("disable_version_validation") == ["false"]
        shell = major(query["shell_version"][0])
        fitting = [version for made_for, version in builds.items() if major(made_for) == shell] or ([] if strict else list(builds.values()))
        if not fitting:
            self.send_error(404)
            return
        self.send_response(302)
        self.send_header("Location", f"/api/v1/extensions/{uuid}/versions/{max(fitting)}/?format=zip")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def send_archive(self, uuid, catalog, version):
        entry = catalog[uuid]
        if version not in entry["builds"].values():
            self.send_error(404)
            return
        trouble = entry.get("trouble")
        data = archive("other@lab.test" if trouble == "other" else uuid, entry, version)
        data = b"this is no archive" if trouble == "broken" else data
        self.send_response(200)
        self.send_header("Content-Type", "application/zip")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if trouble in ("cut", "slow"):
            self.wfile.write(data[:len(data) // 2])
            self.wfile.flush()
            if trouble == "slow":
                time.sleep(600)
        else:
            self.wfile.write(data)

    def send_json(self, answer):
        data = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args):
        pass


def main(catalog, log=None):
    Site.catalog, Site.log = catalog, log
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    server.daemon_threads = True
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
