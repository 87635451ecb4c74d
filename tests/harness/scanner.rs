//! A fake command-line scanner that counts its canaries.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;

/// A command-line scanner that finds EICAR, and counts how often it was shown it.
pub struct Scanner {
    directory: tempfile::TempDir,
}

impl Scanner {
    pub fn new() -> Self {
        Self::with("")
    }

    /// One that does something else first: `$file` is what it is to look at.
    pub fn with(first: &str) -> Self {
        let scanner = Self { directory: tempfile::tempdir().unwrap() };
        fs::create_dir_all(scanner.path("definitions/below")).unwrap();
        fs::create_dir(scanner.path("counted")).unwrap();
        fs::write(scanner.path("definitions/one"), "1").unwrap();
        fs::write(scanner.path("definitions/below/two"), "1").unwrap();
        fs::write(scanner.path("linked"), "1").unwrap();
        symlink("../linked", scanner.path("definitions/link")).unwrap();
        scanner.write("scanner", first);
        scanner
    }

    /// Others may run it and look at all of it.
    pub fn write(&self, name: &str, first: &str) {
        let dir = self.path("").display().to_string();
        let script = format!(
            "#!/bin/sh\n# A fake scanner that counts its canaries.\ndir={dir}\nfor file; do :; done\n{first}\
             case \"$(head -c 3 \"$file\")\" in\nX5O) mktemp $dir/counted/XXXXXX > /dev/null; exit 13 ;;\n\
             PK*) exit 13 ;;\nesac\nexit 0\n"
        );
        fs::write(self.path(name), script).unwrap();
        fs::set_permissions(self.path(name), Permissions::from_mode(0o755)).unwrap();
        fs::set_permissions(self.path(""), Permissions::from_mode(0o755)).unwrap();
        fs::set_permissions(self.path("counted"), Permissions::from_mode(0o777)).unwrap();
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Its engine lines with more keys, and with what its exit codes mean.
    pub fn engine(&self, keys: &str) -> String {
        self.engine_with(keys, "scanner", "\"--\", \"{file}\"", "clean = [0]\ninfected = [13]")
    }

    pub fn engine_with(&self, keys: &str, program: &str, scan: &str, codes: &str) -> String {
        let (program, definitions) = (self.path(program), self.path("definitions"));
        format!(
            "[[engine]]\nname = \"scanner\"\ntype = \"command\"\ncache = false\nprogram = \"{}\"\n\
             definitions = [\"{}\"]\nscan = [{scan}]\n{keys}[engine.codes]\n{codes}\n",
            program.display(),
            definitions.display()
        )
    }

    pub fn canaries(&self) -> usize {
        fs::read_dir(self.path("counted")).unwrap().count()
    }
}
