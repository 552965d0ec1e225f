using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.Win32.SafeHandles;

namespace Ixy.Cli.Tests;

/// <summary><c>ixy sim</c>, run as a user runs it.</summary>
public sealed class SimCommandTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("ixy").FullName;

    private string Socket => Path.Combine(_directory, "card");

    [Theory]
    [Trait("needs", "time")]
    [InlineData("ixgbe", 0x10FB_8086u)]
    [InlineData("ixgbe,model=x540", 0x1528_8086u)]
    [InlineData("virtio", 0x1041_1AF4u)]
    [InlineData("virtio-legacy", 0x1000_1AF4u)]
    public void ItServesACardUntilItIsAskedToEnd(string card, uint id)
    {
        using var ixy = IxyProcess.Start("sim", card, "--socket", Socket, "--mac", "02:00:5e:00:53:01", "--json");
        ixy.WaitForError("waiting for a client");
        using (var client = Connect())
        {
            client.Negotiate();
            Assert.Equal(id, client.Read(7, 0));
            ixy.WaitForError("a client has connected");
        }
        ixy.WaitForError("the client closed the connection: the card is reset");
        using (var client = Connect()) client.Negotiate();
        ixy.Signal(PosixSignal.SIGTERM);
        Assert.Equal(0, ixy.WaitForExit());
        Assert.False(File.Exists(Socket));
        var report = JsonDocument.Parse(ixy.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1]).RootElement;
        Assert.Equal("sim", report.GetProperty("command").GetString());
        Assert.InRange(report.GetProperty("clients").GetInt32(), 1, 2);
        Assert.Equal(0, report.GetProperty("violations").GetArrayLength());
        Assert.Equal(0, report.GetProperty("wire").GetProperty("sent").GetInt64());
    }

    [Fact]
    public void ItShowsRulesThatAreBrokenAndWritesATrace()
    {
        string trace = Path.Combine(_directory, "trace");
        using var ixy = IxyProcess.Start("sim", "ixgbe", "--socket", Socket, "--trace", trace);
        ixy.WaitForOutput("waiting for a client");
        using (var client = Connect())
        {
            client.Negotiate();
            client.Read(0, 8);
            client.Write(7, 4, 6, 2);
            client.Read(0, 8);
        }
        ixy.WaitForOutput("the driver broke a rule: bar-unreachable");
        ixy.Signal(PosixSignal.SIGINT);
        Assert.Equal(0, ixy.WaitForExit());
        Assert.Contains("drivers broke rules of the datasheet 1 times", ixy.Output);
        Assert.Contains("read  STATUS", File.ReadAllText(trace));
    }

    [Fact]
    [Trait("needs", "time")]
    public void ASocketThatIsLeftOverIsReplacedAndOneInUseIsNot()
    {
        using (var left = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            left.Bind(new UnixDomainSocketEndPoint(Socket + ".other"));
            File.Move(Socket + ".other", Socket);
        }
        using var ixy = IxyProcess.Start("sim", "ixgbe", "--socket", Socket);
        ixy.WaitForOutput("waiting for a client");
        IxyProcess.AssertOneLine(
            IxyProcess.Run("sim", "ixgbe", "--socket", Socket), 1, "is in use: another process serves a card there");
        using (var client = Connect()) client.Negotiate();
        ixy.Signal(PosixSignal.SIGTERM);
        Assert.Equal(0, ixy.WaitForExit());
    }

    [Fact]
    public void PathsThatCannotBeUsedAreExplained()
    {
        File.WriteAllText(Socket, "precious");
        IxyProcess.AssertOneLine(IxyProcess.Run("sim", "ixgbe", "--socket", Socket), 1, "is not a socket");
        Assert.Equal("precious", File.ReadAllText(Socket));
        IxyProcess.AssertOneLine(
            IxyProcess.Run("sim", "ixgbe", "--socket", Path.Combine(_directory, "missing", "card")), 1, "mkdir -p");
        IxyProcess.AssertOneLine(
            IxyProcess.Run("sim", "ixgbe", "--socket", Path.Combine(_directory, new string('x', 108))), 1,
            "1 to 107 are possible");
        IxyProcess.AssertOneLine(IxyProcess.Run("sim", "nothing", "--socket", Socket + "2"), 1, "not a simulated card");
        Assert.False(File.Exists(Socket + "2"));
        var (exitCode, _, error) = IxyProcess.Run("sim", "ixgbe");
        Assert.Equal(2, exitCode);
        Assert.Contains("--socket", error);
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    // In a separate process, as it leaves no mappings for others. All map the same page of the file, so the kernel
    // merges none.
    [Fact]
    [Trait("needs", "time")]
    public void MemoryIsHadInSoManyPiecesAndNoMore()
    {
        const int Most = 49152, ENOSPC = 28;
        using var ixy = IxyProcess.Start("sim", "ixgbe", "--socket", Socket);
        ixy.WaitForOutput("waiting for a client");
        int file = RawClient.MemoryFile(0x2000, isSealed: true);
        using var closed = new SafeFileHandle(file, ownsHandle: true);
        for (int round = 0; round < 2; round++)
        {
            using var client = Connect();
            client.Negotiate();
            for (ulong i = 0; i < Most; i++) client.Ask(RawClient.DmaMap, Map(i), file);
            client.Refused(ENOSPC, RawClient.DmaMap, Map(Most), file);
            // All at once, as QEMU does it.
            if (round == 0) client.Ask(RawClient.DmaUnmap, RawClient.Bytes(24, 0, 0ul, 1ul << 63));
            else client.Ask(RawClient.DmaUnmap, RawClient.Bytes(24, 0, 0x1000ul * 5, 0x1000ul));
            client.Ask(RawClient.DmaMap, Map(Most), file);
        }
        ixy.Signal(PosixSignal.SIGTERM);
        Assert.Equal(0, ixy.WaitForExit());

        // Every third one is read-only.
        static byte[] Map(ulong page) => RawClient.Bytes(32, page % 3 == 0 ? 1 : 3, 0x1000ul, page * 0x1000, 0x1000ul);
    }

    private RawClient Connect() => RawClient.Connect(Socket);
}
