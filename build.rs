//! Link options of the plugin.

fn main() {
    // References to our gss_* symbols must bind to this library, never to the host's libgssapi
    // (ci/symbols checks it: no relocation against a gss_* name).
    println!("cargo::rustc-cdylib-link-arg=-Wl,-Bsymbolic");
    // The library stays mapped: destructors of thread-local variables may run after dlclose.
    println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
    println!("cargo::rustc-cdylib-link-arg=-Wl,-z,relro,-z,now");
    println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libgss_ntlmdc.so");
    println!("cargo::rerun-if-changed=build.rs");
}
