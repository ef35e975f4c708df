// A client made with JSch: connected.py has the command line. Questions.java answers its questions.
import com.jcraft.jsch.*;
import java.io.*;

public class ConnectJsch {
    static final int FAILED = 255;

    static Channel open(Session session, String intent, String command) throws Exception {
        Channel channel = session.openChannel(intent.equals("subsystem") ? "subsystem" : command == null ? "shell" : "exec");
        if (channel instanceof ChannelSubsystem subsystem) {
            subsystem.setSubsystem(command);
            subsystem.setErrStream(System.err);
        } else if (channel instanceof ChannelExec exec) {
            exec.setCommand(command);
            exec.setPty(intent.equals("terminal"));
            exec.setErrStream(System.err, true);
        } else {
            ((ChannelShell) channel).setPty(intent.equals("terminal"));
        }
        channel.setInputStream(new FileInputStream(FileDescriptor.in), true);
        return channel;
    }

    static int run(String host, int port, String user, String known, String intent, String key, String command)
            throws Exception {
        JSch jsch = new JSch();
        jsch.setKnownHosts(known);
        if (!key.equals("-"))
            jsch.addIdentity(key);
        Session session = jsch.getSession(user, host, port);
        session.setConfig("StrictHostKeyChecking", "yes");
        session.setConfig("PreferredAuthentications", intent.equals("terminal") ? "publickey,password"
                                                      : key.equals("-")         ? intent
                                                                                : "publickey");
        session.setUserInfo(new Questions());
        session.connect();
        if (intent.equals("remote-forward"))
            session.setPortForwardingR("127.0.0.1", 7777, "127.0.0.1", 9);
        Channel channel = open(session, intent, command);
        InputStream in = channel.getInputStream();
        channel.connect();
        in.transferTo(System.out);
        System.out.flush();
        while (!channel.isClosed() && session.isConnected()) // its thread reads the status after the data
            Thread.sleep(10);
        session.disconnect();
        return channel.getExitStatus();
    }

    public static void main(String[] words) {
        try {
            int status = run(words[0], Integer.parseInt(words[1]), words[2], words[3], words[4], words[5],
                             words.length > 6 ? words[6] : null);
            System.exit(status >= 0 && status <= 255 ? status : FAILED);
        } catch (Exception why) {
            System.err.println(Questions.shown(why.toString()));
            System.exit(FAILED);
        }
    }
}
