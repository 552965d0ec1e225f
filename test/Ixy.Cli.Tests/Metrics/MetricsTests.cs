using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Ixy.Cli.Metrics;

namespace Ixy.Cli.Tests.Metrics;

/// <summary><c>--metrics</c>: what Prometheus would see.</summary>
public sealed partial class MetricsTests
{
    private const string Generator = "sim:ixgbe,wire=generator,rate=20kpps,count=10000";

    [Fact]
    [Trait("needs", "time")]
    public async Task CountersGrowAndEndAsTheReportSays()
    {
        const string Other = $"{Generator}#2";
        using var ixy = IxyProcess.Start("fwd", Generator, Generator, "--metrics", "0", "--json");
        var page = new Uri(Address(ixy));
        using var client = new HttpClient();
        var last = new Dictionary<string, double>();
        bool AllOver() => IsOver(last, Generator, Other) && IsOver(last, Other, Generator);
        for (int i = 0; i < 3000 && !AllOver(); i++)
        {
            var now = Parse(await client.GetStringAsync(page));
            Assert.All(last.Where(series => series.Key.Contains("_total", StringComparison.Ordinal)),
                old => Assert.InRange(now[old.Key], old.Value, double.MaxValue));
            last = now;
            await Task.Delay(10);
        }
        Assert.True(AllOver(), "not all frames have come");
        // Nothing changes any more.
        last = Parse(await client.GetStringAsync(page));
        ixy.Signal(System.Runtime.InteropServices.PosixSignal.SIGINT);
        Assert.Equal(0, ixy.WaitForExit());
        var report = JsonReport.Of((0, ixy.Output, ixy.Error));
        report.AssertSound();
        foreach (var (i, device) in new[] { (0, Generator), (1, Other) })
        {
            string tags = $"device=\"{device}\"";
            Assert.Equal(
                report.Device(i).Number("rxPackets"),
                last[$"ixy_device_packets_total{{{tags},direction=\"receive\"}}"]);
            Assert.Equal(
                report.Device(i).Number("txPackets"),
                last[$"ixy_device_packets_total{{{tags},direction=\"transmit\"}}"]);
            Assert.Equal(
                report.Device(i).Number("rxBytes"), last[$"ixy_device_io_bytes_total{{{tags},direction=\"receive\"}}"]);
            Assert.Equal(
                report.Device(i).Number("txBytes"),
                last[$"ixy_device_io_bytes_total{{{tags},direction=\"transmit\"}}"]);
            Assert.Equal(
                report.Device(i).Number("rxMissed"),
                last[$"ixy_device_dropped_total{{{tags},direction=\"receive\",by=\"card\"}}"]);
            Assert.Equal(
                report.Device(i).Number("rxPackets"),
                last[$"ixy_queue_packets_total{{{tags},queue=\"0\",direction=\"receive\"}}"]);
            string queue = $"{tags},queue=\"0\",direction=\"receive\"";
            double[] buckets = [
                .. last.Where(
                series => series.Key.StartsWith($"ixy_queue_batches_bucket{{{queue},le=\"", StringComparison.Ordinal))
                .Select(series => series.Value)];
            Assert.Equal(11, buckets.Length);
            Assert.Equal(buckets.Order(), buckets);
            Assert.Equal(buckets[^1], last[$"ixy_queue_batches_bucket{{{queue},le=\"+Inf\"}}"]);
            Assert.Equal(buckets[^1], last[$"ixy_queue_batches_count{{{queue}}}"]);
            double received = report.Device(i).Number("rxPackets");
            Assert.Equal(received, last[$"ixy_queue_batches_sum{{{queue}}}"]);
            Assert.InRange(buckets[^1], received / 32, received);
            // No batch is longer than 32.
            Assert.Equal(buckets[^1], last[$"ixy_queue_batches_bucket{{{queue},le=\"63\"}}"]);
            // How often a packet waits for room in the ring depends on how busy the machine is.
            Assert.Contains($"ixy_queue_refused_total{{{tags},queue=\"0\",direction=\"transmit\"}}", last.Keys);
            Assert.InRange(last[$"ixy_pool_available{{{tags},queue=\"0\"}}"], 1, 4096);
        }
    }

    // All that the generator sent was received or dropped by the card; all that was received has been sent.
    private static bool IsOver(Dictionary<string, double> page, string device, string other)
    {
        double Of(string name, string tags) => page.GetValueOrDefault($"{name}{{device=\"{tags}}}");
        double received = Of("ixy_device_packets_total", $"{device}\",direction=\"receive\"");
        return received + Of("ixy_device_dropped_total", $"{device}\",direction=\"receive\",by=\"card\"") == 10_000
            && Of("ixy_device_packets_total", $"{other}\",direction=\"transmit\"") == received;
    }

    [Theory]
    [Trait("needs", "time")]
    [InlineData("pktgen", "sim:ixgbe,wire=loopback", "--rate", "1kpps")]
    [InlineData("pcap", "sim:virtio,wire=generator,rate=1kpps", "/dev/null")]
    public async Task EveryCommandHasThem(params string[] arguments)
    {
        using var ixy = IxyProcess.Start([.. arguments, "--duration", "20s", "--metrics", "0"]);
        using var client = new HttpClient();
        var page = new Uri(Address(ixy));
        Assert.Contains(
            Parse(await client.GetStringAsync(page)).Keys, key =>
            key.StartsWith("ixy_device_packets_total{", StringComparison.Ordinal));
        ixy.Signal(System.Runtime.InteropServices.PosixSignal.SIGINT);
        Assert.Equal(0, ixy.WaitForExit());
    }

    // By interface number, as both may be the same device.
    [Fact]
    [Trait("needs", "time")]
    public async Task ACaptureShowsWhatIsInIt()
    {
        const string Device = "sim:ixgbe,wire=generator,rate=20kpps,count=1000";
        using var ixy = IxyProcess.Start("pcap", Device, Device, "/dev/null", "--duration", "20s", "--metrics", "0");
        using var client = new HttpClient();
        var page = new Uri(Address(ixy));
        var found = new Dictionary<string, double>();
        // The second card of a specifier has its own name.
        string written = $"ixy_capture_packets_total{{interface=\"1\",device=\"{Device}#2\",result=\"written\"}}";
        string first = $"ixy_capture_packets_total{{interface=\"0\",device=\"{Device}\",result=\"written\"}}";
        for (int i = 0; i < 400
            && (found.GetValueOrDefault(written) < 1000 || found.GetValueOrDefault(first) < 1000); i++)
        {
            found = Parse(await client.GetStringAsync(page));
            await Task.Delay(25);
        }
        Assert.Equal((1000, 1000), (found[first], found[written]));
        Assert.Equal(0, found[written.Replace("written", "dropped", StringComparison.Ordinal)]);
        // 60 bytes plus 32 that the pcapng block adds.
        Assert.InRange(found["ixy_capture_io_bytes_total"], 2000 * 92, 2000 * 92 + 2000);
        ixy.Signal(System.Runtime.InteropServices.PosixSignal.SIGINT);
        Assert.Equal(0, ixy.WaitForExit());
    }

    [Fact]
    public async Task ASimulatedCardShowsItsWire()
    {
        string socket = Path.Combine(Path.GetTempPath(), $"ixy-metrics-{Guid.NewGuid():N}");
        using var ixy = IxyProcess.Start("sim", "ixgbe", "--socket", socket, "--wire", "loopback", "--metrics", "0");
        using var client = new HttpClient();
        var found = Parse(await client.GetStringAsync(new Uri(Address(ixy))));
        Assert.Equal(0, found["ixy_wire_packets_total{device=\"sim:ixgbe,wire=loopback\",direction=\"from_card\"}"]);
        Assert.Equal(0, found["ixy_card_violations_total{device=\"sim:ixgbe,wire=loopback\"}"]);
        ixy.Signal(System.Runtime.InteropServices.PosixSignal.SIGTERM);
        Assert.Equal(0, ixy.WaitForExit());
    }

    [Fact]
    [Trait("needs", "time")]
    public async Task OnlyThisMachineAndOnlyOnePageIsServed()
    {
        using var ixy = IxyProcess.Start(
            "pktgen", "sim:ixgbe,wire=loopback", "--rate", "1kpps", "--duration", "20s", "--metrics", "0");
        var page = new Uri(Address(ixy));
        using var client = new HttpClient();
        using var response = await client.GetAsync(page);
        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", response.Content.Headers.ContentType?.ToString());
        Assert.Equal(
            HttpStatusCode.OK, (await client.GetAsync(new Uri($"http://localhost:{page.Port}/metrics"))).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync(new Uri(page, "/"))).StatusCode);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await client.PostAsync(page, null)).StatusCode);
        using var head = await client.SendAsync(new HttpRequestMessage(HttpMethod.Head, page));
        Assert.Equal(HttpStatusCode.OK, head.StatusCode);
        // Not on any other address of this machine.
        foreach (var address in (await Dns.GetHostAddressesAsync(Dns.GetHostName()))
            .Where(address => !IPAddress.IsLoopback(address)))
        {
            using var other = new TcpClient(address.AddressFamily);
            await Assert.ThrowsAnyAsync<SocketException>(async () => await other.ConnectAsync(address, page.Port));
        }
        // A client that hangs up in the middle does no harm.
        using (var rude = new TcpClient("127.0.0.1", page.Port))
            await rude.GetStream().WriteAsync("GET /metrics HTTP/1.1\r\nHost: loc"u8.ToArray());
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(page)).StatusCode);
    }

    // A client that asks early, before the address is printed, sees no warm-up cards.
    [Fact]
    public async Task CardsOfTheWarmUpAreNotShown()
    {
        int port = PortNoClientGets();
        const string Device = "sim:ixgbe,wire=loopback";
        using var ixy = IxyProcess.Start(
            "pktgen", Device, "--rate", "1kpps", "--duration", "20s", "--metrics", $"{port}");
        using var client = new HttpClient();
        string page = "";
        for (int i = 0; i < 2000 && !page.Contains($"device=\"{Device}\"", StringComparison.Ordinal); i++)
        {
            page = await TryGet(client, new Uri($"http://127.0.0.1:{port}/metrics"));
            Assert.DoesNotContain("device=\"sim:ixgbe,wire=generator", page);
            await Task.Delay(5);
        }
        Assert.True(page.Contains($"device=\"{Device}\"", StringComparison.Ordinal), page + ixy.Output + ixy.Error);
        ixy.Signal(System.Runtime.InteropServices.PosixSignal.SIGINT);
        Assert.Equal(0, ixy.WaitForExit());
    }

    // A client that tries a port before anyone listens on it may be given that very port for its own end (Linux: 32768
    // to 60999). It is then connected to itself, and the port is in use.
    // The listener of the base class library fails if that happens in its constructor.
    [Fact]
    public void AClientThatConnectsAtTheVeryStartDoesNoHarm()
    {
        for (int round = 0; round < 100; round++)
        {
            int port = PortNoClientGets();
            bool isOver = false;
            var client = new Thread(() =>
            {
                while (!Volatile.Read(ref isOver)) TryConnect(port);
            });
            client.Start();
            try
            {
                using var server = MetricsServer.Start(port);
                Assert.Equal(port, server!.Port);
            }
            finally
            {
                Volatile.Write(ref isOver, true);
                client.Join();
            }
        }
    }

    private static void TryConnect(int port)
    {
        try
        {
            using var client = new TcpClient();
            client.Connect(IPAddress.Loopback, port);
        }
        catch (SocketException)
        {
            // Nobody listens yet, or any more.
        }
    }

    private static int PortNoClientGets()
    {
        for (int port = Random.Shared.Next(20_000, 30_000); ; port++)
        {
            using var free = new TcpListener(IPAddress.Loopback, port);
            try
            {
                free.Start();
                return port;
            }
            catch (SocketException) when (port < 32_000)
            {
                // Already in use.
            }
        }
    }

    [Fact]
    public void APortInUseIsToldBeforeACardIsOpened()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        int port = ((IPEndPoint)other.LocalEndpoint).Port;
        // The device would be an error too, if it were opened.
        IxyProcess.AssertOneLine(IxyProcess.Run("pktgen", "eth0", "--metrics", $"{port}"), 1,
            $"metrics cannot be served on port {port} of 127.0.0.1: Address already in use: name another port, or 0 "
            + "for any that is free");
    }

    [Theory]
    [InlineData("65536")]
    [InlineData("-1")]
    [InlineData("http")]
    public void OtherPortsAreRefused(string port) =>
        IxyProcess.AssertOneLine(
            IxyProcess.Run("fwd", "a", "b", "--metrics", port), 2,
            $"--metrics: '{port}' is not a port: expected 0 to 65535");

    // Empty as long as nobody listens, or if a connection came while the listener was being set up, which resets it.
    private static async Task<string> TryGet(HttpClient client, Uri page)
    {
        try
        {
            return await client.GetStringAsync(page);
        }
        catch (HttpRequestException error)
            when (error.InnerException is SocketException or IOException { InnerException: SocketException })
        {
            return "";
        }
    }

    private static string Address(IxyProcess ixy)
    {
        ixy.WaitForError("metrics\n");
        return AddressLine().Match(ixy.Error).Groups[1].Value;
    }

    // Strict: every line is one of three kinds, a family's lines are together and have one type, no series appears
    // twice.
    private static Dictionary<string, double> Parse(string text)
    {
        Assert.EndsWith("\n", text);
        var series = new Dictionary<string, double>();
        var families = new HashSet<string>();
        string family = "", type = "";
        foreach (string line in text.TrimEnd('\n').Split('\n'))
        {
            if (HelpLine().Match(line) is { Success: true } help)
            {
                family = help.Groups[1].Value;
                Assert.True(families.Add(family), $"{family} is in two places");
                type = "";
            }
            else if (TypeLine().Match(line) is { Success: true } typed)
            {
                Assert.Equal(family, typed.Groups[1].Value);
                type = typed.Groups[2].Value;
                Assert.Equal(type == "counter", family.EndsWith("_total", StringComparison.Ordinal));
            }
            else
            {
                var sample = SampleLine().Match(line);
                Assert.True(sample.Success && type.Length > 0, line);
                Assert.Contains(
                    sample.Groups[1].Value, type == "histogram"
                    ? [$"{family}_bucket", $"{family}_sum", $"{family}_count"] : new[] { family });
                Assert.True(
                    series.TryAdd(
                    line[..line.LastIndexOf(' ')], double.Parse(sample.Groups[2].Value, CultureInfo.InvariantCulture)),
                    line);
            }
        }
        return series;
    }

    [GeneratedRegex(@"ixy: metrics: (http://127\.0\.0\.1:\d+/metrics)\n")]
    private static partial Regex AddressLine();

    [GeneratedRegex(@"^# HELP ([a-z_]+) \S.*$")]
    private static partial Regex HelpLine();

    [GeneratedRegex(@"^# TYPE ([a-z_]+) (counter|gauge|histogram)$")]
    private static partial Regex TypeLine();

    [GeneratedRegex("""^([a-z_]+)(?:\{(?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*")(?:,[a-z_]+="(?:[^"\\\n]|\\["\\n])*")*\})? (\d+)$""")]
    private static partial Regex SampleLine();
}
