import java.net.Authenticator;
import java.net.HttpURLConnection;
import java.net.PasswordAuthentication;
import java.net.ProtocolException;
import java.net.URI;

/** Logs in to ARGS[0] as ARGS[1] with the password ARGS[2]; prints the status and the page. */
public class Login {
    public static void main(String[] args) throws Exception {
        Authenticator.setDefault(
                new Authenticator() {
                    private int asked;

                    @Override
                    protected PasswordAuthentication getPasswordAuthentication() {
                        // A person gives up after a while.
                        return ++asked > 2
                                ? null
                                : new PasswordAuthentication(args[1], args[2].toCharArray());
                    }
                });
        var connection = (HttpURLConnection) URI.create(args[0]).toURL().openConnection();
        int status;
        try {
            status = connection.getResponseCode();
        } catch (ProtocolException tooOften) {
            status = 401;
        }
        System.out.println("status: " + status);
        if (status == 200) {
            System.out.write(connection.getInputStream().readAllBytes());
            System.out.flush();
        }
    }
}
