//! The addresses of a binding, from `network-get`.

use serde_json::Value;

/// Addresses of this unit at one binding; empty entries (Juju 4 gives such) are left out.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Network {
    /// Addresses to listen at.
    pub bind_addresses: Vec<String>,
    /// Addresses others reach this unit at.
    pub ingress_addresses: Vec<String>,
    /// Subnets that this unit's traffic comes from.
    pub egress_subnets: Vec<String>,
}

impl Network {
    /// The first address of the binding.
    #[must_use]
    pub fn bind_address(&self) -> Option<&str> {
        self.bind_addresses.first().map(String::as_str)
    }

    /// The first address others reach this unit at.
    #[must_use]
    pub fn ingress_address(&self) -> Option<&str> {
        self.ingress_addresses.first().map(String::as_str)
    }

    pub(super) fn from_json(value: &Value) -> Option<Self> {
        value.as_object()?;
        let bind_addresses = array(value, "bind-addresses")
            .flat_map(|interface| array(interface, "addresses"))
            .filter_map(|address| non_empty(address.get("value")?))
            .collect();
        Some(Self {
            bind_addresses,
            ingress_addresses: array(value, "ingress-addresses")
                .filter_map(non_empty)
                .collect(),
            egress_subnets: array(value, "egress-subnets")
                .filter_map(non_empty)
                .collect(),
        })
    }
}

fn array<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value
        .get(name)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

fn non_empty(value: &Value) -> Option<String> {
    value
        .as_str()
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn skips_the_empty_leading_entry_of_juju_4() {
        let network = Network::from_json(&json!({
            "bind-addresses": [
                {"mac-address": "", "interface-name": "", "addresses": []},
                {"addresses": [{"hostname": "", "value": "", "cidr": ""}]},
                {"addresses": [{"hostname": "", "value": "10.1.2.3", "cidr": ""}]},
            ],
            "egress-subnets": ["10.1.2.3/32"],
            "ingress-addresses": ["", "10.1.2.3"],
        }))
        .unwrap();
        assert_eq!(network.bind_address(), Some("10.1.2.3"));
        assert_eq!(network.ingress_address(), Some("10.1.2.3"));
        assert_eq!(network.egress_subnets, ["10.1.2.3/32"]);
    }
}
