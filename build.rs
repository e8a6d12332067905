//! Link options of the plugin.

fn main() {
    // Our gss_* symbols must bind to ourselves, never to the libgssapi that is already in the host
    // (checked by ci/symbols: no relocation against a gss_* name).
    println!("cargo::rustc-cdylib-link-arg=-Wl,-Bsymbolic");
    // The image stays mapped: thread-local destructors may outlive a dlclose.
    println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
    println!("cargo::rustc-cdylib-link-arg=-Wl,-z,relro,-z,now");
    println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libgss_ntlmdc.so");
    println!("cargo::rerun-if-changed=build.rs");
}
