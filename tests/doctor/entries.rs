//! Rules about what entries and includes name, as it is on this machine: real files
//! and directories, and an account that only the bits for all others fit.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::harness::CONVSCAN;

/// A number that no account has.
const NOBODY: &str = "3999999999";

/// A server of this machine.
struct Server(TempDir);

impl Server {
    /// With one entry that runs `command`; `DIR` in it is the server's directory.
    fn new(command: &str) -> Self {
        let server = Self(tempfile::tempdir().unwrap());
        server.mode("", 0o755);
        fs::create_dir(server.path("bin")).unwrap();
        fs::create_dir(server.path("config")).unwrap();
        let root = server.0.path().display();
        let guard = "|| echo STATUS=178028698 > $OUTPUT_OPTIONS";
        let command = command.replace("DIR", &root.to_string());
        for (file, text) in [
            ("bin/convscan", "#!/bin/sh\n".to_owned()),
            (
                "own.toml",
                "[[engine]]\nname = \"r\"\ntype = \"rules\"\nfile = \"rules.txt\"\nacquits = true\n"
                    .to_owned(),
            ),
            ("rules.txt", "name Test *.exe\n".to_owned()),
            ("config/rules", ".EDU $U%$H$D@tcp_local-daemon\n".to_owned()),
            ("config/imta_tailor", format!("IMTA_TABLE={root}/config/\nIMTA_PROGRAM={root}/bin/\n")),
            ("config/imta.cnf", "$*  $E$U%$H@l\n<IMTA_TABLE:rules\n\nl\nmail.example.edu\n".to_owned()),
            ("config/mappings", format!("CONVERSIONS\n\n * Yes\n<{root}/config/more\n")),
            ("config/more", " a No\n".to_owned()),
            (
                "config/conversions",
                format!(
                    "in-type=*; message-header-file=2; original-header-file=1;\n  override-header-file=1; \
                     override-option-file=1;\n  command=\"{command} {guard}\"\n"
                ),
            ),
        ] {
            fs::write(server.path(file), text).unwrap();
            server.mode(file, 0o644);
        }
        server.mode("bin", 0o755);
        server.mode("config", 0o755);
        server.mode("bin/convscan", 0o755);
        server
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn mode(&self, name: &str, mode: u32) {
        fs::set_permissions(self.path(name), Permissions::from_mode(mode)).unwrap();
    }

    /// What `check` says about the rule, with `DIR` for the server's directory.
    fn said(&self, rule: &str) -> Vec<String> {
        let mut command = Command::new(CONVSCAN);
        command.args(["check", "--json", "--account", NOBODY]).env_remove("CONVSCAN_CONFIG");
        command
            .arg("--config")
            .arg(self.path("own.toml"))
            .arg("--tailor")
            .arg(self.path("config/imta_tailor"));
        let output = command.output().unwrap();
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let findings = report["findings"].as_array().unwrap().iter();
        let of_rule = findings.filter(|finding| finding["rule"] == rule);
        let said = of_rule.map(|finding| {
            let text = |key: &str| finding[key].as_str().unwrap_or_default().to_owned();
            let path = text("path");
            let file = Path::new(&path).file_name().unwrap_or_default().to_string_lossy().into_owned();
            let said = format!("{file}:{}: {}: {}", finding["line"], text("severity"), text("message"));
            said.replace(&*self.0.path().to_string_lossy(), "DIR")
        });
        said.collect()
    }
}

#[test]
fn a_program_that_the_account_may_run_is_nothing_to_say_of() {
    for command in [
        "DIR/bin/convscan part --config DIR/own.toml",
        "IMTA_PROGRAM:convscan part --config DIR/own.toml",
        "$X/bin/y",
    ] {
        let server = Server::new(command);
        assert_eq!(server.said("command-not-executable"), Vec::<String>::new(), "{command}");
        assert_eq!(server.said("entry-config"), Vec::<String>::new(), "{command}");
    }
    assert_eq!(Server::new("DIR/bin/convscan part").said("include-mode"), Vec::<String>::new());
}

#[test]
fn a_program_that_is_missing_or_denied_is_found() {
    let table: [(&str, &str, u32, &str); 4] = [
        ("IMTA_PROGRAM:convscan part", "bin/convscan", 0o744, "denied by mode 0744 of owner "),
        ("DIR/bin/convscan part", "bin", 0o700, "denied by mode 0700 of owner "),
        ("DIR/bin/convscan part", "bin/convscan", 0o644, "nobody may run it: `DIR/bin/convscan`"),
        ("DIR/site.sh $INPUT_FILE", "bin", 0o755, "is not there: `DIR/site.sh`"),
    ];
    for (command, file, mode, why) in table {
        let server = Server::new(command);
        server.mode(file, mode);
        let said = server.said("command-not-executable");
        let start = format!("conversions:3: error: account `{NOBODY}` cannot run it: {why}");
        assert!(said.len() == 1 && said[0].starts_with(&start), "{command}: {said:?}");
    }
}

#[test]
fn a_configuration_that_is_missing_denied_or_another_is_found() {
    let server = Server::new("DIR/bin/convscan part --config DIR/own.toml");
    server.mode("own.toml", 0o600);
    let said = server.said("entry-config");
    let start = format!(
        "conversions:3: error: account `{NOBODY}` cannot read the configuration: denied by mode 0600"
    );
    assert!(said.len() == 1 && said[0].starts_with(&start), "{said:?}");

    let said = Server::new("DIR/bin/convscan part --config=DIR/none.toml").said("entry-config");
    let missing = format!(
        "conversions:3: error: account `{NOBODY}` cannot read the configuration: is not there: `DIR/none.toml`"
    );
    assert_eq!(said, [missing]);

    let server = Server::new("DIR/bin/convscan part --config DIR/rules.txt");
    let other = "conversions:3: warning: the entry uses the configuration `DIR/rules.txt`, and checked is `DIR/own.toml`";
    assert_eq!(server.said("entry-config"), [other]);

    // A name that leads to the same file.
    std::os::unix::fs::symlink("own.toml", server.path("link.toml")).unwrap();
    let text = fs::read_to_string(server.path("config/conversions")).unwrap();
    fs::write(server.path("config/conversions"), text.replace("rules.txt", "link.toml")).unwrap();
    assert_eq!(server.said("entry-config"), Vec::<String>::new());
}

#[test]
fn a_file_that_is_included_must_be_readable_by_all() {
    let server = Server::new("DIR/bin/convscan part");
    server.mode("config/rules", 0o640);
    server.mode("config/more", 0o600);
    assert_eq!(
        server.said("include-mode"),
        [
            "imta.cnf:2: warning: not everybody may read it: mode 0640",
            "mappings:4: warning: not everybody may read it: mode 0600"
        ]
    );
}
