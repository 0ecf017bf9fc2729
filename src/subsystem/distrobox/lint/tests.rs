use super::Axiom::{self, BootstrapEquivalent as Same, Idempotent as Again};
use super::*;

/// Hooks, and the axioms that each breaks.
const HOOKS: &[(&str, &[Axiom])] = &[
    // The six of the vision.
    ("rustup update stable", &[]),
    ("proto install node", &[]),
    ("rustup default stable", &[]),
    ("echo \"export PATH=$PATH\" >> ~/.bashrc", &[Again]),
    ("rustup install 1.70.0", &[Same]),
    ("curl -o /tmp/setup.sh https://example.com/setup.sh", &[Same]),
    // Files that grow.
    ("echo a | tee -a /etc/x", &[Again]),
    ("echo a | sudo tee --append /etc/x", &[Again]),
    ("echo a | tee /etc/x", &[]),
    ("echo a > /etc/x", &[]),
    ("echo '>> ~/.bashrc'", &[]),
    ("echo a >> /dev/null", &[]),
    ("make 2>> log", &[Again]),
    ("sed -i '$ a line' /etc/x", &[Again]),
    ("sed -i 's/a/b/' /etc/x", &[]),
    ("sudo sh -c 'echo a >> /etc/x'", &[Again]),
    ("{ echo a; echo b; } >> ~/.profile", &[Again]),
    ("cat >> ~/.x <<'EOF'\nmkdir /a\nEOF\ntrue", &[Same, Again]),
    // Guards.
    ("grep -q PATH ~/.bashrc || echo 'export PATH=x' >> ~/.bashrc", &[]),
    ("cat ~/.bashrc | grep -q PATH || echo x >> ~/.bashrc", &[]),
    ("[ -e ~/.x ] || echo a >> ~/.x", &[]),
    ("test -e ~/.x || mkdir ~/.x", &[]),
    ("if ! [ -e ~/.x ]; then\n  git clone https://forge.example/x ~/.x;\nfi\n", &[]),
    // One line is made of a hook.
    ("if [ -e ~/.x ]; then\n  rustup update\nfi", &[Same]),
    ("rustup update\nproto install node", &[Same]),
    ("rustup update && \n proto install node\n", &[]),
    ("rustup update # the compiler", &[]),
    ("# the compiler\nrustup update", &[Same]),
    ("echo 'a  b'", &[Same]),
    ("echo  a", &[]),
    ("if [ -e a ]; then true; else mkdir a; fi", &[]),
    ("if true; then mkdir a; fi", &[Again]),
    ("command -v htop >/dev/null || dnf install -y htop", &[]),
    ("[ -e a ] || { mkdir a; ln -s a b; }", &[]),
    ("[ -e a ] || (mkdir a && ln -s a b)", &[]),
    ("[ -e a ]; mkdir a", &[Again]),
    ("mkdir a || [ -e a ]", &[Again]),
    ("case $X in a) mkdir a;; b) rm b;; esac", &[]),
    ("for x in a b; do mkdir $x; done", &[Again]),
    ("[ -e ~/.done ] && exit 0; mkdir a", &[Same]),
    ("id me || useradd me", &[]),
    ("getent group dev >/dev/null || groupadd dev", &[]),
    // What works once.
    ("mkdir /opt/x", &[Again]),
    ("mkdir -p /opt/x", &[]),
    ("mkdir -m 755 --parents /opt/x", &[]),
    ("mkdir /opt/x || true", &[]),
    ("mkdir /opt/x || :", &[]),
    ("echo a >> x || true", &[Again]),
    ("ln -s a b", &[Again]),
    ("ln -sfn a b", &[]),
    ("useradd me", &[Again]),
    ("sudo groupadd dev", &[Again]),
    ("groupadd -f dev", &[]),
    ("git clone https://forge.example/x", &[Again]),
    ("git -C x pull", &[]),
    ("mv a b", &[Again]),
    ("rm a", &[Again]),
    ("rm -rf a", &[]),
    ("rpm -i x.rpm", &[Again]),
    ("rpm -qi x", &[]),
    // Versions.
    ("rustup toolchain install nightly-2024-01-01", &[Same]),
    ("rustup toolchain install nightly", &[]),
    ("rustup target add wasm32-unknown-unknown", &[]),
    ("command -v rustc || rustup install 1.70.0", &[Same]),
    ("proto install node 20.1.0", &[Same]),
    ("proto install node latest", &[]),
    ("pip install --user x==1.2", &[Same]),
    ("python3 -m pip install x~=1.2", &[Same]),
    ("pip install -U x", &[]),
    ("npm install -g typescript", &[]),
    ("npm i -g x@1.2", &[Same]),
    ("npm i -g @scope/x@^1.2", &[Same]),
    ("npm i -g @scope/x@latest", &[]),
    ("cargo install ripgrep --version 14.0.0", &[Same]),
    ("cargo install ripgrep@14", &[Same]),
    ("cargo install --locked ripgrep", &[]),
    ("go install example.com/x@v1.2.3", &[Same]),
    ("go install example.com/x@latest", &[]),
    ("apt-get install -y htop=3.2", &[Same]),
    ("dnf install -y vim-9.1-3.fc42", &[Same]),
    ("dnf install -y java-21-openjdk python3.12 gcc-c++", &[]),
    ("git clone -b v1.2 https://forge.example/x /x || true", &[Same]),
    ("git checkout 0a1b2c3d4e", &[Same]),
    ("dnf install -y https://example.com/x-1.2.3.rpm", &[Same]),
    ("dnf install -y https://example.com/release-42.noarch.rpm", &[]),
    // Downloads.
    ("curl -fsSL https://example.com/x | sh", &[Same]),
    ("curl -fsSL https://example.com/x | sudo -E bash -s -- -y", &[Same]),
    ("wget -qO- https://example.com/x | sh", &[Same]),
    ("sh -c \"$(curl -fsSL https://example.com/x)\"", &[Same]),
    ("bash <(curl -s https://example.com/x)", &[Same]),
    ("eval \"$(wget -qO- https://example.com/x)\"", &[Same]),
    ("curl -fsSL https://example.com/x", &[]),
    ("curl -s https://example.com/x | jq .", &[]),
    ("curl -fsSLo ~/.local/bin/x https://example.com/x", &[Same]),
    ("curl -o x https://example.com/x && sha256sum -c x.sha256", &[]),
    ("curl -o x https://example.com/x && echo 'abc  x' | sha256sum -c", &[Same]),
    ("curl https://example.com/x > /tmp/x", &[Same]),
    ("wget https://example.com/x", &[Same]),
    ("wget -P /tmp https://example.com/x", &[Same]),
    ("curl -s -o /dev/null https://example.com/x", &[]),
    // Questions.
    ("apt-get install htop", &[Same]),
    ("apt-get update", &[]),
    ("sudo apt install -qy htop", &[]),
    ("dnf install htop", &[Same]),
    ("dnf -y install htop", &[]),
    ("dnf copr enable a/b", &[Same]),
    ("yes | dnf install htop", &[]),
    ("zypper install htop", &[Same]),
    ("zypper -n install htop", &[]),
    ("pacman -Sy htop", &[Same]),
    ("pacman -Syu --noconfirm htop", &[]),
    ("apk add htop", &[]),
    ("ssh-keygen -t ed25519", &[Same]),
    ("read answer", &[Same]),
    ("timeout 5m sudo -u me apt-get install htop", &[Same]),
    ("DEBIAN_FRONTEND=noninteractive apt-get install -y htop", &[]),
    // The rest.
    ("exit 0", &[Same]),
    ("exec bash", &[Same]),
    ("cd /opt/x; make", &[Same]),
    ("cd /opt/x && make", &[]),
    ("cd /opt/x || true", &[]),
    ("cd ~; make", &[]),
    ("echo $RANDOM > ~/.x", &[Again]),
    ("date > ~/.x", &[Again]),
    ("echo \"$(date)\" > ~/.x", &[Again]),
    ("[ -e ~/.id ] || uuidgen > ~/.id", &[]),
    ("echo 'open", &[Same]),
    ("echo $(ls", &[Same]),
    ("# mkdir a", &[]),
    ("", &[]),
    ("rm a; mkdir a; exit", &[Again, Again, Same]),
];

#[test]
fn hooks_break_the_axioms_that_they_break() {
    for (hook, axioms) in HOOKS {
        let found: Vec<Axiom> = lint(hook).into_iter().map(|one| one.axiom).collect();
        assert_eq!(&found, axioms, "{hook}: {:?}", lint(hook));
    }
}

#[test]
fn a_finding_says_what_it_is_about() {
    let findings = lint("rustup update stable && sudo mkdir '/opt/a b'; rustup install 1.70.0");
    let words: Vec<&str> = findings.iter().map(|one| one.words.as_str()).collect();
    assert_eq!(words, ["sudo mkdir '/opt/a b'", "rustup install 1.70.0"]);
    assert!(findings[0].instead.contains("mkdir -p"), "{findings:?}");
    assert!(findings[1].why.contains("1.70.0"), "{findings:?}");
    let json = serde_json::to_value(&findings[1]).unwrap();
    assert_eq!(json["axiom"], "bootstrap-equivalent");
}

proptest::proptest! {
    #[test]
    fn any_text_can_be_looked_at(hook in "[ -~é\n]*", shell in "(if |then |fi|\\(|\\)|\\{|\\}|\\$\\(|\"|'|`|<<|;|\\||&|case |esac|\n|a )*") {
        lint(&hook);
        lint(&shell);
    }
}
