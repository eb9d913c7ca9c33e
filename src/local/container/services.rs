//! What the inside of a container can reach by name.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use super::Service;
use super::error::{Error, Trying};
use super::hosts::hosts;
use super::lifecycle::Inner;
use super::relay::{Relay, connect_to};
use super::root_file_system::HOSTS;

impl Inner {
    /// The address of the host names, the same each time; a name that is an address is its own.
    fn address(&self, service: &Service) -> Ipv4Addr {
        let name = service.hostnames.first().cloned().unwrap_or_default();
        if let Ok(address) = name.parse() {
            return address;
        }
        *self.addresses.borrow_mut().entry(name).or_insert_with(|| {
            let next = self.next_address.get();
            self.next_address.set(next.wrapping_add(1).max(1));
            let [high, low] = next.to_be_bytes();
            Ipv4Addr::new(127, 1, high, low)
        })
    }

    /// The text of the hosts file.
    pub(super) fn hosts(&self) -> String {
        let services = self.services.borrow();
        let mut lines: BTreeMap<Ipv4Addr, Vec<String>> = BTreeMap::new();
        for service in services
            .iter()
            .filter(|service| !service.hostnames.is_empty())
        {
            let names = lines.entry(self.address(service)).or_default();
            for name in &service.hostnames {
                if !names.contains(name) && name.parse::<Ipv4Addr>().is_err() {
                    names.push(name.clone());
                }
            }
        }
        hosts(
            &self.specification.hostname,
            &self.specification.fqdn,
            lines
                .iter()
                .filter(|(_, names)| !names.is_empty())
                .map(|(address, names)| (*address, names.as_slice())),
        )
    }

    /// Makes the inside agree with the wanted services.
    pub(super) async fn serve(&self) -> Result<(), Error> {
        rewrite(&self.specification.directory.join(HOSTS), &self.hosts())
            .trying(|| "write the hosts file".into())?;
        let stale: Vec<Relay> = {
            let services = self.services.borrow();
            let mut running = self.running.borrow_mut();
            let relays = running.as_mut().map(|running| &mut running.relays);
            relays.map_or_else(Vec::new, |relays| {
                let (kept, stale) = std::mem::take(relays)
                    .into_iter()
                    .partition(|(service, _)| services.contains(service));
                *relays = kept;
                let stale: BTreeMap<Service, Relay> = stale;
                stale.into_values().collect()
            })
        };
        for relay in stale {
            relay.stop().await;
        }
        let services = self.services.borrow();
        let mut running = self.running.borrow_mut();
        let Some(running) = running.as_mut() else {
            return Ok(());
        };
        let mut failed = Ok(());
        for service in services.iter() {
            if running.relays.contains_key(service) {
                continue;
            }
            let address = SocketAddr::from((self.address(service), service.port));
            let listener = running.network.listen(address).trying(|| {
                let name = service.hostnames.first().map_or("", String::as_str);
                format!(
                    "listen on port {} of `{name}` in `{}`",
                    service.port, self.specification.unit
                )
            });
            match listener {
                Ok(listener) => {
                    let relay = Relay::start(listener, connect_to(service, &self.dial));
                    running.relays.insert(service.clone(), relay);
                }
                // The others can be had all the same.
                Err(error) => failed = failed.and(Err(error)),
            }
        }
        failed
    }
}

/// Writes the file in place, since it is mounted elsewhere, with one write so that no reader sees half of it.
fn rewrite(path: &Path, text: &str) -> io::Result<()> {
    if fs::read_to_string(path)? == text {
        return Ok(());
    }
    let mut file = File::options().write(true).open(path)?;
    file.write_all(text.as_bytes())?;
    file.set_len(text.len() as u64)
}
