#!/bin/bash
# Makes the lab's Shell extensions, none of them enabled: extensions.sh SYSTEM_FOLDER USER_FOLDER.
# Each has preferences and settings of its own: a text, a number with a range, a switch.
set -euo pipefail

# FOLDER ID NAME SHELL_VERSION ON_ENABLE
make_extension() {
    local id=$2 dir=$1/$2@lab.test schema=org.gnome.shell.extensions.$2
    mkdir -p "$dir/schemas"
    cat > "$dir/metadata.json" <<JSON
{"uuid": "$id@lab.test", "name": "$3", "description": "An extension to test with", "shell-version": ["$4"], "version": 3, "url": "https://example.org/$id", "settings-schema": "$schema"}
JSON
    cat > "$dir/extension.js" <<JS
import {Extension} from 'resource:///org/gnome/shell/extensions/extension.js';
export default class Lab extends Extension {
    enable() { $5 }
    disable() { console.log('$id off'); }
}
JS
    cat > "$dir/prefs.js" <<JS
import Adw from 'gi://Adw';
import {ExtensionPreferences} from 'resource:///org/gnome/Shell/Extensions/js/extensions/prefs.js';
export default class Preferences extends ExtensionPreferences {
    fillPreferencesWindow(window) { window.add(new Adw.PreferencesPage()); }
}
JS
    cat > "$dir/schemas/$schema.gschema.xml" <<XML
<schemalist><schema id="$schema" path="/org/gnome/shell/extensions/$id/">
  <key name="greeting" type="s"><default>"hello"</default><summary>What it says when it starts</summary></key>
  <key name="count" type="i"><range min="0" max="9"/><default>3</default><summary>How often it says so</summary></key>
  <key name="on" type="b"><default>true</default><summary>Whether it says anything</summary></key>
</schema></schemalist>
XML
    glib-compile-schemas --strict "$dir/schemas"
}

make_extension "$1" beta 'Beta Clock' 48 "console.log('beta on');"
make_extension "$2" alpha 'Alpha Dock' 48 "console.log('alpha on: ' + this.getSettings().get_string('greeting'));"
make_extension "$2" gamma 'Gamma Tiling' 48 "console.log('gamma on');"
make_extension "$2" old 'Old Panel' 40 "console.log('old on');"
make_extension "$2" broken 'Broken Menu' 48 "throw new Error('broken on purpose');"
