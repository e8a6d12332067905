import org.apache.http.auth.AuthScope;
import org.apache.http.auth.NTCredentials;
import org.apache.http.client.config.AuthSchemes;
import org.apache.http.client.config.RequestConfig;
import org.apache.http.client.methods.HttpPost;
import org.apache.http.entity.StringEntity;
import org.apache.http.impl.client.BasicCredentialsProvider;
import org.apache.http.impl.client.HttpClients;
import org.apache.http.util.EntityUtils;

/** Posts ARGS[4] to ARGS[0] as user ARGS[2] of domain ARGS[1] with the password ARGS[3]. */
public class ExpectContinue {
    public static void main(String[] args) throws Exception {
        var credentials = new BasicCredentialsProvider();
        credentials.setCredentials(
                AuthScope.ANY, new NTCredentials(args[2], args[3], "WORKSTATION", args[1]));
        var settings =
                RequestConfig.custom()
                        .setExpectContinueEnabled(true)
                        .setTargetPreferredAuthSchemes(java.util.List.of(AuthSchemes.NTLM))
                        .build();
        var post = new HttpPost(args[0]);
        post.setEntity(new StringEntity(args[4]));
        try (var client =
                        HttpClients.custom()
                                .setDefaultCredentialsProvider(credentials)
                                .setDefaultRequestConfig(settings)
                                .build();
                var answer = client.execute(post)) {
            System.out.println("status: " + answer.getStatusLine().getStatusCode());
            System.out.println(EntityUtils.toString(answer.getEntity()));
        }
    }
}
