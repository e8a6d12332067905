//! What can be reached of a controller, and what it says of itself.

use gss_ntlmdc::base::fault::{Fault, Minor};
use gss_ntlmdc::dc::probe::{Pong, PortState, Reach, RpcPorts};
use gss_ntlmdc::protocol::cldap;

use super::complaint::Complaint;
use super::seen::{Seen, cure, open_ports};
use crate::check::cause::Cause;
use crate::check::finding::{Finding, Subject};

/// The port of the endpoint mapper.
const MAPPER: u16 = 135;
const FIREWALL: &str = "Let TCP port 135 and 49152 to 65535 pass to it; or pin the port of \
                        NETLOGON (docs/domain.md) and let that one pass.";

/// Whether a login can reach the controller: one good finding, or what is in the way.
pub fn judged(one: &Seen) -> Result<Vec<Finding>, Complaint> {
    let Some(reach) = &one.reach else {
        return Ok(Vec::new());
    };
    if *reach.pong() == Pong::Stranger {
        return Err(Complaint::stops(
            Cause::ControllerOfOtherDomain,
            "it answers pings, and does not serve the domain",
            "Check `domain`, and the host in `controllers` or in DNS.",
        ));
    }
    let ports = match &reach.rpc {
        RpcPorts::NoMapper(state) => return Err(no_connection(reach, &[(MAPPER, state)])),
        RpcPorts::NotListed(fault) => return Err(not_listed(fault)),
        RpcPorts::Listed(ports) => ports,
    };
    if open_ports(reach).is_empty() {
        let states: Vec<_> = ports.iter().map(|(port, state)| (*port, state)).collect();
        return Err(no_connection(reach, &states));
    }
    Ok(vec![good(one, reach)])
}

fn good(one: &Seen, reach: &Reach) -> Finding {
    let ping = match (&reach.udp, reach.pong()) {
        (_, Pong::Silent) => "",
        (Pong::Silent, _) => "answers pings over TCP; ",
        _ => "answers pings; ",
    };
    let mut ports = open_ports(reach);
    if one.port.is_none() {
        ports.insert(0, MAPPER);
    }
    let what = format!("{one}: {ping}{} open", ports_of(&ports));
    Finding::good(Subject::Controllers, what)
}

fn ports_of(ports: &[u16]) -> String {
    let texts: Vec<String> = ports.iter().map(u16::to_string).collect();
    match texts.as_slice() {
        [one] => format!("port {one}"),
        _ => format!("ports {}", texts.join(", ")),
    }
}

/// None of these ports is open.
fn no_connection(reach: &Reach, ports: &[(u16, &PortState)]) -> Complaint {
    let numbers: Vec<u16> = ports.iter().map(|(port, _)| *port).collect();
    let mut shown = ports_of(&numbers);
    let is_mapper = numbers == [MAPPER];
    if !is_mapper {
        shown = format!("{shown} of NETLOGON");
    }
    let is_alive =
        *reach.pong() != Pong::Silent || (!is_mapper && matches!(reach.rpc, RpcPorts::Listed(_)));
    let state = ports.first().map_or(&PortState::Silent, |(_, state)| state);
    match state {
        PortState::Rejected(why) => Complaint::stops(
            Cause::ControllerRejected,
            format!("{shown}: rejected on the way: {why}"),
            format!("Check the route to it and the firewalls. {FIREWALL}"),
        ),
        PortState::Refused => Complaint::stops(
            Cause::PortRefused,
            format!("{shown}: connection refused"),
            "Start its service Netlogon (on Samba: samba). If it is no controller, correct \
             `controllers`, or DNS.",
        ),
        PortState::Silent if is_alive => Complaint::stops(
            Cause::PortBlocked,
            format!("{shown}: no answer, and it answers elsewhere: a firewall drops packets"),
            FIREWALL,
        ),
        _ => Complaint::stops(
            Cause::ControllerSilent,
            format!("no answer to pings, nor on {shown}: it is down, or a firewall drops packets"),
            format!("Start it, or correct its address. {FIREWALL}"),
        ),
    }
}

fn not_listed(fault: &Fault) -> Complaint {
    let cause = match fault.minor() {
        Minor::MapperRefused => Cause::RpcRestricted,
        _ => Cause::NoNetlogonPort,
    };
    Complaint::stops(cause, fault.for_the_log(), cure(fault.minor()))
}

/// What it lacks, if its ports are open.
pub fn shortcoming(one: &Seen) -> Option<Complaint> {
    let reach = one.reach.as_ref()?;
    match reach.pong() {
        Pong::Silent => Some(no_ping(reach)),
        Pong::Controller(identity) if identity.paused => Some(Complaint::hinders(
            Cause::ControllerPaused,
            "its service Netlogon is paused",
            "Resume it (Resume-Service Netlogon), or take it out of `controllers`.",
        )),
        Pong::Controller(_) | Pong::Stranger => None,
    }
}

fn no_ping(reach: &Reach) -> Complaint {
    let tcp = match &reach.tcp {
        Some(Err(state)) => state.to_string(),
        _ => PortState::Silent.to_string(),
    };
    let port = cldap::PORT;
    Complaint::hinders(
        Cause::PingBlocked,
        format!("no pings: port {port} over UDP: no answer in time; over TCP: {tcp}"),
        format!("Let port {port} pass to it, over UDP or TCP."),
    )
}
