#!/bin/bash
# A demonstration, in the home of the lab's user: a distribution's repository, and a desktop that has drifted from it.
# First both say the same, and bkt sees that; then each moves by itself, through the tools a person would use.
set -euo pipefail
cd ~
exec 3>&1 >/dev/null
tell() { echo "  $*" >&3; }

tell "the distribution: five apps, two extensions, four settings"
sudo flatpak remote-add --system --no-gpg-verify lab file:///srv/lab/repo
flatpak remote-add --user --no-gpg-verify lab file:///srv/lab/repo
flatpak install --system -y --noninteractive lab org.lab.Maps org.lab.Photos
flatpak install --user -y --noninteractive lab org.lab.Calendar org.lab.Chess org.lab.Notes
flatpak override --user --nofilesystem=home --filesystem=xdg-documents org.lab.Notes
gnome-extensions enable alpha@lab.test
gnome-extensions enable beta@lab.test
gsettings set org.gnome.desktop.interface clock-show-weekday true
gsettings set org.gnome.desktop.interface accent-color purple
gsettings set org.gnome.desktop.wm.preferences button-layout appmenu:minimize,close
gsettings --schemadir ~/.local/share/gnome-shell/extensions/alpha@lab.test/schemas set org.gnome.shell.extensions.alpha greeting welcome

git init -q -b main distribution
cd distribution
git config user.name Dev
git config user.email dev@lab.test
mkdir manifests
cat > repo.json <<'J'
{
  "owner": "lab",
  "name": "distribution",
  "url": "https://example.org/lab/distribution",
  "default_branch": "main"
}
J
cat > manifests/flatpak-remotes.json <<'J'
{
  "remotes": [
    { "name": "lab", "url": "file:///srv/lab/repo", "scope": "system" },
    { "name": "lab", "url": "file:///srv/lab/repo", "scope": "user" }
  ]
}
J
cat > manifests/flatpak-apps.json <<'J'
{
  "apps": [
    { "id": "org.lab.Calendar", "remote": "lab", "scope": "user", "branch": "stable" },
    { "id": "org.lab.Chess", "remote": "lab", "scope": "user" },
    { "id": "org.lab.Maps", "remote": "lab", "scope": "system", "branch": "stable" },
    {
      "id": "org.lab.Notes",
      "remote": "lab",
      "scope": "user",
      "overrides": ["--nofilesystem=home", "--filesystem=xdg-documents"]
    },
    { "id": "org.lab.Photos", "remote": "lab", "scope": "system" }
  ]
}
J
cat > manifests/gnome-extensions.json <<'J'
{
  "extensions": [
    "alpha@lab.test",
    "beta@lab.test"
  ]
}
J
cat > manifests/gsettings.json <<'J'
{
  "settings": [
    { "schema": "org.gnome.desktop.interface", "key": "accent-color", "value": "'purple'" },
    { "schema": "org.gnome.desktop.interface", "key": "clock-show-weekday", "value": "true" },
    { "schema": "org.gnome.desktop.wm.preferences", "key": "button-layout", "value": "'appmenu:minimize,close'" },
    { "schema": "org.gnome.shell.extensions.alpha", "key": "greeting", "value": "'welcome'" }
  ]
}
J
cat > manifests/system-packages.json <<'J'
{
  "packages": ["fish", "podman"]
}
J
cat > Containerfile <<'C'
FROM registry.example/desktop:latest

# === SYSTEM_PACKAGES (managed by bkt) ===
# === END SYSTEM_PACKAGES ===

RUN bootc container lint
C
bkt -y repo use ~/distribution
bkt containerfile sync
git add -A
git commit -qm 'A desktop for the lab'
bkt status

tell "this machine: Sketch installed, Chess removed, Notes shut off from the network"
flatpak install --user -y --noninteractive lab org.lab.Sketch//stable
flatpak uninstall --user -y --noninteractive org.lab.Chess
flatpak override --user --unshare=network --env=LAB_MODE=quiet org.lab.Notes
tell "this machine: Alpha Dock disabled, Gamma Tiling enabled, the clock without its weekday, a green accent"
gnome-extensions disable alpha@lab.test
gnome-extensions enable gamma@lab.test
gsettings set org.gnome.desktop.interface clock-show-weekday false
gsettings set org.gnome.desktop.interface accent-color green

tell "the distribution: Weather and ripgrep added, a maximise button, an orange accent"
sed -i 's|^    { "id": "org.lab.Photos".*|&,\n    { "id": "org.lab.Weather", "remote": "lab", "scope": "user" }|' manifests/flatpak-apps.json
sed -i 's|"podman"|&, "ripgrep"|' manifests/system-packages.json
sed -i 's|minimize,close|minimize,maximize,close|; s|purple|orange|' manifests/gsettings.json
git commit -qam 'Weather, and a button to maximise'
