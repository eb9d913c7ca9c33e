//! Dashboards as Grafana's charm takes them (contract: interfaces, section 15).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use sha3::Shake256;
use sha3::digest::{ExtendableOutput as _, Update as _, XofReader as _};

use super::{Dashboard, Topology, compress};

/// Where the peer keeps them, which their uids are made of.
const MERGED: &str = "cos_merged/grafana_dashboards";

/// What begins the tag by which a charm's dashboards are found.
const TAG: &str = "charm: ";

/// The dashboards by id, the same for the same dashboards.
#[must_use]
pub fn templates(dashboards: &[Dashboard], topology: &Topology<'_>) -> Map<String, Value> {
    let charm = topology.charm;
    let where_we_are = json!({
        "model": topology.model,
        "model_uuid": topology.model_uuid,
        "application": topology.application,
        "unit": topology.unit,
    });
    let template = |dashboard: &Dashboard| {
        let id = id(&dashboard.path);
        let content = content(dashboard, charm).to_string();
        let template = json!({
            "charm": charm,
            "content": STANDARD.encode(compress(content.as_bytes())),
            "juju_topology": where_we_are,
            "inject_dropdowns": true,
            "dashboard_alt_uid": shake::<8>(&format!("{charm}-{id}")),
        });
        (id, template)
    };
    dashboards.iter().map(template).collect()
}

/// `file:` and the name without its last ending; the names of sub-directories keep apart what has one name.
fn id(path: &str) -> String {
    let (directory, name) = path.rsplit_once('/').map_or(("", path), |(d, n)| (d, n));
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    if directory.is_empty() {
        format!("file:{stem}")
    } else {
        format!("file:{}_{stem}", directory.replace('/', "_"))
    }
}

/// The dashboard with a uid of its own and the charm's tag.
fn content(dashboard: &Dashboard, charm: &str) -> Value {
    let mut content = dashboard.content.clone();
    let Some(fields) = content.as_object_mut() else {
        return content;
    };
    let uid = fields
        .get("uid")
        .and_then(Value::as_str)
        .unwrap_or_default();
    if uid.len() != 40 || !uid.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let uid = shake::<20>(&format!("{charm}-{MERGED}/{}", dashboard.path));
        fields.insert("uid".into(), uid.into());
    }
    let tags = fields.entry("tags").or_insert_with(|| json!([]));
    if !tags.is_array() {
        *tags = json!([]);
    }
    if let Value::Array(tags) = tags {
        let is_charm = |tag: &Value| tag.as_str().is_some_and(|tag| tag.starts_with(TAG));
        if !tags.iter().any(is_charm) {
            tags.push(format!("{TAG}{charm}").into());
        }
    }
    content
}

/// So many bytes of SHAKE-256, in hexadecimal.
fn shake<const BYTES: usize>(text: &str) -> String {
    let mut hash = Shake256::default();
    hash.update(text.as_bytes());
    let mut bytes = [0; BYTES];
    hash.finalize_xof().read(&mut bytes);
    hex::encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOPOLOGY: Topology<'static> = Topology {
        model: "demo",
        model_uuid: "0f1e2d3c-4b5a-4978-8796-a5b4c3d2e1f0",
        application: "web",
        unit: "web/0",
        charm: "web-k8s",
    };

    fn dashboard(path: &str, content: Value) -> Dashboard {
        Dashboard {
            path: path.into(),
            content,
        }
    }

    #[test]
    fn ids_are_the_names_of_files_without_their_last_ending() {
        for (path, expected) in [
            ("flask.json", "file:flask"),
            ("x.json.tmpl", "file:x.json"),
            ("team/custom_queue.json", "file:team_custom_queue"),
        ] {
            assert_eq!(id(path), expected);
        }
    }

    /// The digests are those of Python's `hashlib.shake_256`.
    #[test]
    fn a_dashboard_gets_a_uid_of_its_own_unless_it_has_one_like_that() {
        let uid = |content: Value| content_of("flask.json", content)["uid"].clone();
        let made = json!("dc0818b99c48808b22c70cb928eb98fad87eaa06");
        for given in [
            json!({}),
            json!({"uid": "charmwright-flask"}),
            json!({"uid": 1}),
        ] {
            assert_eq!(uid(given), made);
        }
        let own = json!("0123456789abcdef0123456789ABCDEF01234567");
        assert_eq!(uid(json!({"uid": own})), own);
        assert_ne!(content_of("go.json", json!({}))["uid"], made);
        let templates = templates(&[dashboard("flask.json", json!({}))], &TOPOLOGY);
        assert_eq!(
            templates["file:flask"]["dashboard_alt_uid"],
            "8f675434207e59f9"
        );
    }

    fn content_of(path: &str, value: Value) -> Value {
        content(&dashboard(path, value), "web-k8s")
    }

    #[test]
    fn the_charms_tag_is_added_once() {
        for (given, tags) in [
            (json!({}), json!(["charm: web-k8s"])),
            (json!({"tags": ["a"]}), json!(["a", "charm: web-k8s"])),
            (json!({"tags": ["charm: other"]}), json!(["charm: other"])),
            (json!({"tags": "a"}), json!(["charm: web-k8s"])),
            (
                json!({"tags": [1, null]}),
                json!([1, null, "charm: web-k8s"]),
            ),
        ] {
            assert_eq!(content_of("x.json", given)["tags"], tags);
        }
    }
}
