using System.Diagnostics;
using Ixy.Simulation;
using Ixy.Vfio;

namespace Ixy.Soak;

/// <summary>
/// What happens to cards in a long life, one thing after another. Each scenario returns how many packets it moved.
/// </summary>
internal static class Scenarios
{
    private static readonly string[] s_kinds = ["ixgbe", "virtio", "virtio,packed=on", "virtio-legacy"];
    private static readonly TimeSpan s_minute = TimeSpan.FromMinutes(1);

    internal static readonly (string Name, Func<long> Run)[] All =
    [
        ("traffic between 82599s", () => Forward("ixgbe", "ixgbe", 20_000_000)),
        ("traffic between split rings", () => Forward("virtio", "virtio", 4_000_000)),
        ("traffic between packed rings", () => Forward("virtio,packed=on", "virtio,packed=on", 4_000_000)),
        ("traffic between 82599 and virtio", () => Forward("ixgbe", "virtio-legacy", 4_000_000)),
        ("checked pools", () => Forward("ixgbe", "ixgbe", 500_000, new() { CheckedPools = true })),
        ("open and close", OpenAndClose),
        ("link flaps", FlapLink),
        ("transmit hangs and restarts", HangAndRestart),
        ("a card that is gone", GoAway),
        ("a server that dies", KillServer),
    ];

    private static long Forward(string first, string second, long count, NetworkDeviceOptions? options = null)
    {
        using var traffic = new Traffic(first, second, count, options);
        return traffic.RunToEnd(count);
    }

    private static long OpenAndClose()
    {
        long packets = 0;
        foreach (string kind in s_kinds)
        {
            for (int i = 0; i < 25; i++) packets += Forward(kind, kind, 100);
        }
        return packets;
    }

    // The far end keeps sending: an 82599 makes it wait by flow control.
    private static long FlapLink()
    {
        const long Count = 2_000_000;
        using var traffic = new Traffic("ixgbe", "ixgbe", Count);
        for (int flap = 0; flap < 5; flap++)
            traffic.Card.Inject(CardFault.LinkFlap, TimeSpan.FromMilliseconds(20 * flap), TimeSpan.FromMilliseconds(5));
        return traffic.RunToEnd(Count);
    }

    // A restart loses what is in the transmit ring, so only the traffic after it is checked.
    private static long HangAndRestart()
    {
        using var traffic = new Traffic("ixgbe", "ixgbe", long.MaxValue);
        traffic.Card.Wire.StartSending();
        for (int i = 0; i < 3; i++)
        {
            traffic.RunUntil(() => traffic.Received > 50_000 * (i + 1));
            traffic.Card.Inject(CardFault.TransmitHang);
            traffic.Device.Restart();
            Traffic.Expect(traffic.Device.WaitForLink(s_minute), "no link in a minute after a restart");
        }
        traffic.RunUntil(() => traffic.Received > 200_000);
        return traffic.Received;
    }

    private static long GoAway()
    {
        foreach (string kind in s_kinds)
        {
            using var traffic = new Traffic(kind, kind, long.MaxValue);
            traffic.Card.Wire.StartSending();
            traffic.RunUntil(() => traffic.Received > 1_000);
            traffic.Card.Inject(CardFault.Gone);
            try
            {
                traffic.Device.CheckHealth();
                throw new SoakException($"{kind}: a card that is gone was found healthy");
            }
            catch (DeviceGoneException)
            {
                // As expected.
            }
        }
        return 0;
    }

    private static long KillServer()
    {
        string folder = Directory.CreateTempSubdirectory("ixy-soak-").FullName, socket = Path.Combine(folder, "card");
        Process? server = null;
        try
        {
            server = Process.Start(new ProcessStartInfo(
                "dotnet", ["exec", Path.Combine(AppContext.BaseDirectory, "Ixy.Cli.dll"), "sim", "ixgbe",
                "--wire", "generator,rate=100kpps", "--socket", socket])
            { RedirectStandardError = true, RedirectStandardOutput = true })!;
            server.OutputDataReceived += (_, _) => { };
            server.ErrorDataReceived += (_, _) => { };
            server.BeginOutputReadLine();
            server.BeginErrorReadLine();
            for (long start = Environment.TickCount64; !File.Exists(socket);)
            {
                Traffic.Expect(Environment.TickCount64 - start < 60_000, "ixy sim made no socket in a minute");
                Thread.Sleep(10);
            }
            using var device = NetworkDevice.Open($"vfio-user:{socket}");
            Traffic.Expect(device.WaitForLink(s_minute), "no link in a minute");
            long packets = ReceiveFrom(device, 1_000);
            server.Kill();
            server.WaitForExit();
            try
            {
                while (true) ReceiveFrom(device, 1_000);
            }
            catch (PciDeviceException)
            {
                return packets;
            }
        }
        finally
        {
            server?.Kill();
            server?.Dispose();
            Directory.Delete(folder, recursive: true);
        }
    }

    private static long ReceiveFrom(NetworkDevice device, int count)
    {
        var batch = new Packet[32];
        long packets = 0;
        while (packets < count)
        {
            int received = device.Receive(batch, s_minute);
            Traffic.Expect(received > 0, "nothing has arrived for a minute");
            PacketPool.Free(batch.AsSpan(0, received));
            packets += received;
        }
        return packets;
    }
}
