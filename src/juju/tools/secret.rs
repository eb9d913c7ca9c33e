//! `secret-*`. Contents go through private files, never through arguments.

use std::collections::BTreeMap;

use super::{Call, Tools};
use crate::juju::private_files::PrivateFiles;
use crate::juju::{Error, RelationId};

/// How a secret is named in a call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SecretRef<'a> {
    /// By its URI, `secret:ID`.
    Uri(&'a str),
    /// By the label this unit gave it before.
    Label(&'a str),
    /// By its URI, giving it a label for later. Refused for a secret of our own.
    UriAndLabel(&'a str, &'a str),
}

/// Which revision of a secret is read.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Revision {
    /// The one tracked; the newest when none is tracked yet, which is tracked from then on.
    #[default]
    Tracked,
    /// The newest, tracked from now on. Refused for a secret of our own.
    Refresh,
    /// The newest, without tracking it.
    Peek,
}

/// Whose a secret is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Owner {
    /// The application's, managed by its leader.
    Application,
    /// This unit's.
    Unit,
}

/// What the owner may know of a secret without its content.
#[derive(Clone, Debug, Default, Eq, PartialEq, serde::Deserialize)]
pub struct SecretInfo {
    /// The bare identifier, see [`crate::juju::secret_id`].
    #[serde(skip)]
    pub id: String,
    /// The newest revision.
    #[serde(default)]
    pub revision: u64,
    /// The owner's label.
    #[serde(default)]
    pub label: Option<String>,
    /// `application` or `unit`.
    #[serde(default)]
    pub owner: String,
    /// When it is rotated, such as `never`.
    #[serde(default)]
    pub rotation: String,
}

impl Tools {
    /// The content of a secret.
    ///
    /// # Errors
    /// [`Error::SecretNotFound`] also for an unknown label, [`Error::SecretNotGranted`], others.
    pub async fn secret_get(
        &self,
        secret: SecretRef<'_>,
        revision: Revision,
    ) -> Result<BTreeMap<String, String>, Error> {
        let call = named(Call::json("secret-get"), secret)
            .flag("--refresh", revision == Revision::Refresh)
            .flag("--peek", revision == Revision::Peek);
        self.ask(call, "a secret's content").await
    }

    /// What the owner may know of a secret.
    ///
    /// # Errors
    /// [`Error::SecretNotFound`] and others; a URI together with a label is unsendable.
    pub async fn secret_info(&self, secret: SecretRef<'_>) -> Result<SecretInfo, Error> {
        const TOOL: &str = "secret-info-get";
        let expected = "one secret's metadata";
        let call = named(Call::json(TOOL), secret);
        if matches!(secret, SecretRef::UriAndLabel(..)) {
            return Err(call.unsendable("a secret is named by its URI or its label, not by both"));
        }
        let answer: BTreeMap<String, SecretInfo> = self.ask(call, expected).await?;
        let (id, info) = answer.into_iter().next().ok_or(Error::Nonsense {
            tool: TOOL,
            expected,
        })?;
        Ok(SecretInfo { id, ..info })
    }

    /// Creates a secret and gives its URI, `secret:ID`.
    ///
    /// Keys have three or more characters of `a-z`, `0-9` and single `-`, beginning with a letter.
    ///
    /// # Errors
    /// [`Error::NotLeader`] for a secret of the application, and others.
    pub async fn secret_add(
        &self,
        label: Option<&str>,
        description: Option<&str>,
        content: &BTreeMap<String, String>,
        owner: Owner,
    ) -> Result<String, Error> {
        let call = Call::new("secret-add")
            .option("--label", label)
            .option("--description", description)
            .arg("--owner")
            .arg(owner.name());
        let (call, files) = with_content(call, content)?;
        let uri = self.ask_line(call, "a secret's URI").await;
        drop(files);
        uri
    }

    /// Gives a secret of our own a new content, and so a new revision.
    ///
    /// # Errors
    /// [`Error::NotLeader`], [`Error::SecretNotFound`] and others.
    pub async fn secret_set(
        &self,
        uri: &str,
        content: &BTreeMap<String, String>,
        owner: Owner,
    ) -> Result<(), Error> {
        let call = Call::new("secret-set")
            .arg("--owner")
            .arg(owner.name())
            .arg(uri);
        let (call, files) = with_content(call, content)?;
        let done = self.tell(call).await;
        drop(files);
        done
    }

    /// Lets the application at the other end of a relation, or one unit of it, read a secret.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn secret_grant(
        &self,
        uri: &str,
        relation: &RelationId,
        unit: Option<&str>,
    ) -> Result<(), Error> {
        let call = Call::new("secret-grant")
            .arg("--relation")
            .arg(relation.number().to_string())
            .option("--unit", unit)
            .arg(uri);
        self.tell(call).await
    }

    /// Takes a grant back from a relation, or from one unit of it.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn secret_revoke(
        &self,
        uri: &str,
        relation: &RelationId,
        unit: Option<&str>,
    ) -> Result<(), Error> {
        let call = Call::new("secret-revoke")
            .arg("--relation")
            .arg(relation.number().to_string())
            .option("--unit", unit)
            .arg(uri);
        self.tell(call).await
    }

    /// Removes a secret of our own, or one revision of it.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn secret_remove(&self, uri: &str, revision: Option<u64>) -> Result<(), Error> {
        let revision = revision.map(|revision| revision.to_string());
        let call = Call::new("secret-remove")
            .arg(uri)
            .option("--revision", revision.as_deref());
        self.tell(call).await
    }

    /// The bare identifiers of the secrets of this application.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn secret_ids(&self) -> Result<Vec<String>, Error> {
        let ids: Option<Vec<String>> = self
            .ask(Call::json("secret-ids"), "a list of secrets")
            .await?;
        Ok(ids.unwrap_or_default())
    }
}

impl Owner {
    fn name(self) -> &'static str {
        match self {
            Self::Application => "application",
            Self::Unit => "unit",
        }
    }
}

fn named<'a>(call: Call<'a>, secret: SecretRef<'_>) -> Call<'a> {
    match secret {
        SecretRef::Uri(uri) => call.arg(uri),
        SecretRef::Label(label) => call.arg("--label").arg(label),
        SecretRef::UriAndLabel(uri, label) => call.arg(uri).arg("--label").arg(label),
    }
}

/// The files have to live until the tool has ended.
fn with_content<'a>(
    mut call: Call<'a>,
    content: &'a BTreeMap<String, String>,
) -> Result<(Call<'a>, PrivateFiles), Error> {
    let tool = call.tool;
    let failed = |source| Error::Run { tool, source };
    if content.is_empty() {
        return Err(call.unsendable("a secret has at least one key"));
    }
    let mut files = PrivateFiles::new().map_err(failed)?;
    for (key, value) in content {
        if !is_key(key) {
            return Err(call.unsendable(format!(
                "`{key}` cannot be a key of a secret: use three or more of `a-z`, `0-9` and `-`"
            )));
        }
        let path = files.add(value).map_err(failed)?;
        call = call.arg(format!("{key}#file={}", path.display()));
    }
    Ok((call.sent(content.values().map(String::as_str)), files))
}

/// `^[a-z](?:-?[a-z0-9]){2,}$`, the rule of Juju's `core/secrets`.
fn is_key(key: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    key.starts_with(|c: char| c.is_ascii_lowercase())
        && key.chars().all(|c| plain(c) || c == '-')
        && !key.contains("--")
        && !key.ends_with('-')
        && key.chars().filter(|c| plain(*c)).count() >= 3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_those_juju_takes() {
        for key in ["abc", "a1b", "a-bc", "secret-key", "a-b-c"] {
            assert!(is_key(key), "{key}");
        }
        for key in [
            "", "ab", "a-b", "1bc", "-abc", "abc-", "a--bc", "a_bc", "Abc", "äbc",
        ] {
            assert!(!is_key(key), "{key}");
        }
    }
}
