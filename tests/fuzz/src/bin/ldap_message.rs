#![no_main]

use std::sync::LazyLock;

use gss_ntlmdc::base::config::{Config, Directory};
use gss_ntlmdc::directory;
use gss_ntlmdc::login::verify::directory::read_entry;
use libfuzzer_sys::fuzz_target;

static CONFIGURED: LazyLock<[Directory; 2]> = LazyLock::new(|| ["samba", "freeipa"].map(of));

fn of(schema: &str) -> Directory {
    let text = format!(
        r#"
        verify = ["directory"]
        [directory]
        servers = ["10.0.0.1"]
        bind_dn = "cn=ntlmdc"
        bind_secret = "/nonexistent"
        base = "dc=example"
        schema = "{schema}"
        netbios_domain = "EXAMPLE"
        "#
    );
    Config::parse(&text).unwrap().directory.unwrap()
}

fuzz_target!(|stream: &[u8]| {
    for entry in directory::entries_of(stream) {
        for config in &*CONFIGURED {
            read_entry(config, "alice", &entry);
        }
    }
});
