import com.jcraft.jsch.UIKeyboardInteractive;
import com.jcraft.jsch.UserInfo;
import java.io.*;
import java.nio.charset.StandardCharsets;

// Asked by JSch, they are answered on the terminal. Other host keys are not accepted.
class Questions implements UserInfo, UIKeyboardInteractive {
    private String password;

    static String shown(String text) {
        return text.replaceAll("\\p{Cntrl}", "?");
    }

    private static String ask(String prompt) {
        System.out.print(shown(prompt));
        System.out.flush();
        try {
            return new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)).readLine();
        } catch (IOException why) {
            return null;
        }
    }

    public String getPassphrase() { return null; }
    public String getPassword() { return password; }
    public boolean promptPassphrase(String message) { return false; }
    public boolean promptYesNo(String message) { return false; }
    public void showMessage(String message) { }

    public boolean promptPassword(String message) {
        password = ask("Password: ");
        return password != null;
    }

    public String[] promptKeyboardInteractive(String destination, String name, String instruction, String[] prompts,
                                              boolean[] echo) {
        String[] answers = new String[prompts.length];
        for (int i = 0; i < prompts.length; i++)
            answers[i] = ask(prompts[i]);
        return answers;
    }
}
