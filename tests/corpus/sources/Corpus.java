// Ways for a program in Java to fail: `java Corpus WHAT`.
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.logging.Logger;

public class Corpus {
    public static void main(String[] args) throws Exception {
        switch (args.length > 0 ? args[0] : "well") {
            case "null":
                String tenant = args.length > 5 ? "one" : null;
                System.out.println(tenant.length());
                break;
            case "heap":
                List<byte[]> rows = new ArrayList<>();
                while (true) rows.add(new byte[1 << 20]);
            case "cause":
                try {
                    Files.readString(Path.of("/etc/app/app.properties"));
                } catch (IOException cause) {
                    throw new IllegalStateException("cannot start", cause);
                }
                break;
            case "state":
                throw new IllegalStateException("no tenant is configured");
            case "log":
                Logger.getLogger("shop").severe("no tenant is configured");
                System.exit(1);
            case "idle":
                new Thread(() -> {
                    try {
                        Thread.sleep(1_000_000);
                    } catch (InterruptedException ended) {
                        return;
                    }
                }).start();
                throw new IllegalStateException("no tenant is configured");
            case "dial":
                new Socket("127.0.0.1", 5432).close();
                break;
            default:
        }
        System.out.println("well");
    }
}
