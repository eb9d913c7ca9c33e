package integrations

import (
	"cmp"
	"crypto/tls"
	"fmt"
	"net/http"
	"os"
	"strconv"

	"github.com/wneessen/go-mail"
)

func sendMail(w http.ResponseWriter, r *http.Request) error {
	host, err := needed("SMTP_HOST", "smtp")
	if err != nil {
		return err
	}
	text, err := body(r)
	if err != nil {
		return err
	}
	message := mail.NewMsg()
	if err := message.From("go-visitors@" + cmp.Or(os.Getenv("SMTP_DOMAIN"), "example.com")); err != nil {
		return err
	}
	if err := message.To(r.URL.Query().Get("to")); err != nil {
		return failure{http.StatusBadRequest, err.Error()}
	}
	message.Subject("From go-visitors")
	message.SetBodyString(mail.TypeTextPlain, string(text))
	options, err := smtpOptions(host)
	if err != nil {
		return err
	}
	client, err := mail.NewClient(host, options...)
	if err != nil {
		return err
	}
	if err := client.DialAndSendWithContext(r.Context(), message); err != nil {
		return err
	}
	fmt.Fprint(w, "sent")
	return nil
}

func smtpOptions(host string) ([]mail.Option, error) {
	port, err := strconv.Atoi(os.Getenv("SMTP_PORT"))
	if err != nil {
		return nil, err
	}
	options := []mail.Option{mail.WithPort(port), mail.WithTLSConfig(&tls.Config{
		ServerName: host,
		// Where the integrator says so, since the server's certificate is nobody's.
		InsecureSkipVerify: os.Getenv("SMTP_SKIP_SSL_VERIFY") == "True",
	})}
	switch os.Getenv("SMTP_TRANSPORT_SECURITY") {
	case "tls":
		options = append(options, mail.WithSSL())
	case "starttls":
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory))
	default:
		options = append(options, mail.WithTLSPolicy(mail.NoTLS))
	}
	if user := os.Getenv("SMTP_USER"); user != "" {
		// How the connection is encrypted is the integrator's business: `PLAIN` also where it is not.
		options = append(options, mail.WithSMTPAuth(mail.SMTPAuthPlainNoEnc),
			mail.WithUsername(user), mail.WithPassword(os.Getenv("SMTP_PASSWORD")))
	}
	return options, nil
}
