//! Messages over RabbitMQ.

use crate::integration::Integration;
use crate::model::Model;

pub const RABBITMQ: Integration = Integration {
    endpoint: "rabbitmq",
    interface: Some("rabbitmq"),
    application: "rabbitmq-k8s",
    provides: "amqp",
    variables: &["RABBITMQ_CONNECT_STRING", "RABBITMQ_VHOST"],
    properties: &["spring.rabbitmq.host"],
    request: Some(("GET", "/messages")),
    works: passes_messages_on,
};

fn passes_messages_on(model: &Model) {
    for message in ["ein Gast", "zwölf Gäste"] {
        model.ask_ok("POST", "/messages", message);
    }
    for message in ["ein Gast", "zwölf Gäste"] {
        assert_eq!(model.ask_ok("GET", "/messages", ""), message);
    }
    assert_eq!(model.ask("GET", "/messages", ""), (204, String::new()));
}
