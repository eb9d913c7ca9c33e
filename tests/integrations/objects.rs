//! Objects in S3.

use crate::integration::Integration;
use crate::model::Model;

pub const S3: Integration = Integration {
    endpoint: "s3",
    interface: Some("s3"),
    application: "s3-integrator",
    provides: "s3-credentials",
    variables: &["S3_ACCESS_KEY", "S3_BUCKET", "S3_ENDPOINT", "S3_SECRET_KEY"],
    properties: &["spring.cloud.aws.s3.bucket"],
    request: Some(("GET", "/objects/visitor.txt")),
    works: keeps_objects,
};

fn keeps_objects(model: &Model) {
    let text = "ein Gast, zwölf Gäste";
    model.ask_ok("PUT", "/objects/visitor.txt", text);
    assert_eq!(model.ask_ok("GET", "/objects/visitor.txt", ""), text);
    let environment = model.environment();
    let [endpoint, bucket, region, access, secret] =
        ["ENDPOINT", "BUCKET", "REGION", "ACCESS_KEY", "SECRET_KEY"]
            .map(|name| environment[&format!("S3_{name}")].as_str());
    assert_eq!(bucket, model.app.name);
    let url = format!("{endpoint}/{bucket}/visitor.txt");
    assert_eq!(model.curl(&[&url]).0, 403, "without a signature");
    let signature = format!("aws:amz:{region}:s3");
    let user = format!("{access}:{secret}");
    let signed = [
        "--aws-sigv4",
        &signature,
        "--user",
        &user,
        "--header",
        "x-amz-content-sha256: UNSIGNED-PAYLOAD",
        &url,
    ];
    assert_eq!(model.curl(&signed), (200, text.into()));
}
