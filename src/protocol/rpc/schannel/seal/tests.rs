use super::*;
use crate::protocol::rpc::tests::recorded;
use hex_literal::hex;

const SESSION_KEY: [u8; 16] = hex!("4f17bd190438bc1eab854c89d442313f");

/// A seal whose key no other connection has.
pub(in crate::protocol::rpc) fn with_fresh_key(session_key: [u8; 16]) -> Seal {
    Seal::with_fresh_key(Key::new(session_key))
}

/// The server's side of a connection, also for tests of other modules.
pub(in crate::protocol::rpc) struct Server(Seal);

impl Server {
    pub(in crate::protocol::rpc) fn new(session_key: [u8; 16]) -> Self {
        Self(Seal::new(Key::new(session_key)))
    }

    /// A server that does not sign headers.
    pub(in crate::protocol::rpc) fn without_headers(session_key: [u8; 16]) -> Self {
        let mut seal = Seal::with_fresh_key(Key::new(session_key));
        seal.settle(false).unwrap();
        Self(seal)
    }

    /// Advances the sequence number by `count` PDUs.
    pub(in crate::protocol::rpc) fn skip(&mut self, count: u32) {
        self.0.sequence += count;
    }

    pub(in crate::protocol::rpc) fn seal(
        &mut self,
        head: &[u8],
        stub: &mut [u8],
        trailer: &[u8],
    ) -> Vec<u8> {
        self.0
            .seal_as(Sender::Server, *b"confound", head, stub, trailer)
            .unwrap()
    }

    /// Decrypts the client's stub without a check. Returns the confounder too.
    pub(in crate::protocol::rpc) fn open(&mut self, stub: &mut [u8], signature: &[u8]) -> [u8; 8] {
        let number = self.0.take_number(Sender::Client).unwrap();
        let mut confounder: [u8; 8] = signature[24..32].try_into().unwrap();
        let mut decryptor = Aes128Cfb8Decryptor::new(&self.0.encryption_key, &twice(number));
        decryptor.apply(&mut confounder);
        decryptor.apply(stub);
        confounder
    }
}

/// The AES vectors of MS-NRPC 4.3 (without header signing) and 4.3.1 (with it), made by Windows.
mod ms_nrpc_4_3 {
    use hex_literal::hex;

    pub const SESSION_KEY: [u8; 16] = hex!("0cb6948805f797bf2a82807973b89537");
    pub const CONFOUNDER: [u8; 8] = hex!("717f5076c5902bcd");
    pub const HEADER: [u8; 24] = hex!("0500000310000000380138000c000000d400000001001500");
    pub const TRAILER: [u8; 8] = hex!("44060c0003000000");
    pub const STUB: &[u8] = &hex!(
        "3000000000000000000000000000000030000000000000005c005c00570049004e002d004500550034005500"
        "47003800370048003200490056002e00320033003000360066006500760032002e006e007400740065007300"
        "74002e006d006900630072006f0073006f00660074002e0063006f006d000000000002000000000010000000"
        "0000000000000000000000001000000000000000570049004e002d004400310049005400420046004d003400"
        "410038005500000085bb1511fd09786d3b61b064000000000000000000000000010000000000000000000000"
        "00000000"
    );
    pub const SEALED_STUB: &[u8] = &hex!(
        "c930c9a079d95c78bea6a3150908c11f4b68e41219bcb91680ead287da211eec66bc27df2bc9a0f4ecf25c88"
        "624e493c59cdec6bc7b08bed84b97c33138ae3c8377cb327f3ea6076da91c5d23dbf1b2f4066a455332716b7"
        "b64f2ec9a944702d20a85035de3b231a5216b7a6c9102bd17c7d6ab1b379445eb5a5276e360d3bcef93b5359"
        "d36b0006b0c10bc2fec73777816a383a4614494b7b18bc34cd5447681eb48f8132a0a08a50d752826cff068c"
        "76959d49767557e503d509fa3c18b0860a22a7e2bae50e812c5d71c31f9f1dfd143333b3043f6bf906e5d912"
        "07f1d988"
    );
    pub const SIGNATURE_START: [u8; 8] = hex!("13001a00ffff0000");
    /// The encrypted sequence number, the checksum.
    pub const WITHOUT_HEADERS: [u8; 16] = hex!("b37c1f0ec86468f086761f2f86f4f4c1");
    pub const WITH_HEADERS: [u8; 16] = hex!("5d69950dfde45ae9f092ae5c3c55aacd");
    pub const SEALED_CONFOUNDER: [u8; 8] = hex!("632d1f547d2cf6ff");
}

#[test]
fn seals_and_unseals_as_in_the_specification() {
    use ms_nrpc_4_3::*;
    for (header_signing, numbers) in [(true, WITH_HEADERS), (false, WITHOUT_HEADERS)] {
        let seal = || {
            let mut seal = with_fresh_key(SESSION_KEY);
            seal.settle(header_signing).unwrap();
            seal
        };
        let mut stub = STUB.to_vec();
        let sealed = seal().seal_with(CONFOUNDER, &HEADER, &mut stub, &TRAILER);
        let signature = sealed.unwrap();
        assert_eq!(stub, SEALED_STUB);
        let (start, rest) = signature.split_at(8);
        assert_eq!(start, SIGNATURE_START);
        assert_eq!(rest, [&numbers[..], &SEALED_CONFOUNDER, &[0; 24]].concat());

        // The same sealed by the controller: its numbers differ in one bit, and so in every byte.
        let mut stub = STUB.to_vec();
        let as_server = (Sender::Server, CONFOUNDER);
        let sealed = seal().seal_as(as_server.0, as_server.1, &HEADER, &mut stub, &TRAILER);
        let signature = sealed.unwrap();
        assert_ne!(stub, SEALED_STUB);
        let unsealed = seal().unseal(&HEADER, &mut stub, &TRAILER, &signature);
        assert_eq!(unsealed, Ok(()));
        assert_eq!(stub, STUB);
    }
}

#[test]
fn seals_as_in_the_vector() {
    let mut seal = Seal::new(Key::new(SESSION_KEY));
    let mut stub = hex!("000102030405060708090a0b0c0d0e0f");
    let signature = seal.seal_with(*b"CONFOUND", &[], &mut stub, &[]).unwrap();
    assert_eq!(stub, hex!("83ecd041646deebc75eeab6aa2b4bc94"));
    assert_eq!(
        signature,
        hex!(
            "13001a00ffff0000 158c3cbc77b3f19b 641b8d3f98c0fabf 684b7e0fb4e804f2"
            "000000000000000000000000000000000000000000000000"
        )
    );
}

/// The vector has PDUs without signed headers.
#[test]
fn an_exclusive_key_may_leave_headers_unsigned() {
    let mut shared = Seal::new(Key::new(SESSION_KEY));
    assert!(matches!(
        shared.settle(false),
        Err(Error::HeadersUnsigned(_))
    ));
    let signature = |headers: bool| {
        let mut seal = Seal::with_fresh_key(Key::new(SESSION_KEY));
        assert!(seal.signs_headers());
        seal.settle(headers).unwrap();
        assert_eq!(seal.signs_headers(), headers);
        let mut stub = hex!("000102030405060708090a0b0c0d0e0f");
        let signature = seal.seal_with(*b"CONFOUND", HEAD, &mut stub, &TRAILER);
        signature.unwrap()[16..24].to_vec()
    };
    assert_eq!(signature(false), hex!("641b8d3f98c0fabf"));
    assert_ne!(signature(true), hex!("641b8d3f98c0fabf"));
}

#[test]
fn seals_as_recorded() {
    let mut client = Seal::new(Key::new(recorded::SESSION_KEY));
    let mut server = Server::new(recorded::SESSION_KEY);
    for exchange in [recorded::CAPABILITIES, recorded::SAM_LOGON_EX] {
        let (before, expected) = exchange
            .request
            .split_last_chunk::<SIGNATURE_LENGTH>()
            .unwrap();
        let (before, trailer) = before.split_last_chunk::<TRAILER_LENGTH>().unwrap();
        let (head, sealed) = before.split_at(24);
        let mut stub = sealed.to_vec();
        let confounder = server.open(&mut stub, expected);
        let signature = client.seal_with(confounder, head, &mut stub, trailer);
        assert_eq!(signature.unwrap(), expected);
        assert_eq!(stub, sealed);
        // The answer uses a sequence number too.
        client.sequence += 1;
        server.skip(1);
    }
}

const HEAD: &[u8] = b"head";
const TRAILER: [u8; 8] = hex!("4406000000000000");
const CLEAR: [u8; 16] = *b"a stub, 16 bytes";

/// One PDU of the server, and a client that expects it.
fn sealed() -> (Seal, [u8; 16], Vec<u8>) {
    let client = Seal::new(Key::new(SESSION_KEY));
    let mut stub = CLEAR;
    let signature = Server::new(SESSION_KEY).seal(HEAD, &mut stub, &TRAILER);
    (client, stub, signature)
}

#[test]
fn a_pdu_of_the_server_is_accepted_once() {
    let (mut client, stub, signature) = sealed();
    let mut copy = stub;
    client
        .unseal(HEAD, &mut copy, &TRAILER, &signature)
        .unwrap();
    assert_eq!(copy, CLEAR);

    let mut again = stub;
    assert!(matches!(
        client.unseal(HEAD, &mut again, &TRAILER, &signature),
        Err(Error::Forged(_))
    ));
}

#[test]
fn a_pdu_of_the_client_is_refused() {
    let mut client = Seal::new(Key::new(SESSION_KEY));
    let mut stub = CLEAR;
    let signature = client.seal(HEAD, &mut stub, &TRAILER).unwrap();
    let mut reflected = Seal::new(Key::new(SESSION_KEY));
    assert!(matches!(
        reflected.unseal(HEAD, &mut stub, &TRAILER, &signature),
        Err(Error::Forged(_))
    ));
}

#[test]
fn every_changed_bit_is_detected() {
    let (_, stub, signature) = sealed();
    let forged = |head: &[u8], mut stub: [u8; 16], trailer: &[u8], signature: &[u8]| {
        let mut client = Seal::new(Key::new(SESSION_KEY));
        matches!(
            client.unseal(head, &mut stub, trailer, signature),
            Err(Error::Forged(_))
        )
    };
    assert!(!forged(HEAD, stub, &TRAILER, &signature));
    for bit in 0..8 {
        for at in 0..stub.len() {
            let mut changed = stub;
            changed[at] ^= 1 << bit;
            assert!(forged(HEAD, changed, &TRAILER, &signature), "stub {at}");
        }
        for at in 0..32 {
            let mut changed = signature.clone();
            changed[at] ^= 1 << bit;
            assert!(forged(HEAD, stub, &TRAILER, &changed), "signature {at}");
        }
        for at in 0..TRAILER.len() {
            let mut changed = TRAILER;
            changed[at] ^= 1 << bit;
            assert!(forged(HEAD, stub, &changed, &signature), "trailer {at}");
        }
    }
    assert!(forged(b"Head", stub, &TRAILER, &signature));
    for end in 0..signature.len() {
        assert!(forged(HEAD, stub, &TRAILER, &signature[..end]), "{end}");
    }
}

#[test]
fn a_weaker_trailer_is_refused() {
    let ours = hex!("01020304");
    assert_eq!(padding(&trailer(12, ours), ours), Ok(12));
    for weaker in [
        hex!("4405000001020304"), // signed only
        hex!("0a06000001020304"), // NTLM
        hex!("4406000000000000"), // another context
        hex!("4406000001020305"),
    ] {
        assert!(matches!(padding(&weaker, ours), Err(Error::Forged(_))));
    }
}

#[test]
fn the_negotiate_response_is_checked() {
    let good = hex!("010000000000000000006c00");
    assert_eq!(check_negotiated(&good), Ok(()));
    assert!(check_negotiated(&hex!("000000000000000000006c00")).is_err());
    for end in 0..good.len() {
        assert!(check_negotiated(&good[..end]).is_err(), "{end}");
    }
}

#[test]
fn sequence_numbers_do_not_wrap() {
    let mut seal = Seal::new(Key::new(SESSION_KEY));
    seal.sequence = u32::MAX;
    assert!(matches!(
        seal.seal(HEAD, &mut [], &TRAILER),
        Err(Error::Sequence(_))
    ));
}
