using System.Diagnostics;
using System.Runtime.InteropServices;
using Ixy.Simulation.Wires;
using Ixy.Vfio;

namespace Ixy.Simulation.Tests.Wires;

/// <summary>The wire against the kernel's network stack, in a network namespace for the test.</summary>
public sealed partial class TapWireTests
{
    [SkippableFact]
    [Trait("needs", "root")]
    public void TheKernelsPingIsAnswered()
    {
        Tool.SkipUnlessRoot();
        Skip.IfNot(Tool.Exists("ping"), "ping is not installed (apt install iputils-ping)");
        using var host = new TapNamespace();
        using var wire = new TapWire(host.Interface);
        host.Adopt("10.82.59.1/24");
        using var peer = new PingResponder(wire);
        int[] sizes = [0, 1, 10, 17, 18, 19, 56, 57, 500, 1000, 1471, 1472];
        foreach (int size in sizes)
        {
            // One at a time: with more in flight, ping does not wait for the last reply, however busy the machine is.
            Tool.Run("ip", "netns", "exec", host.Name, "ping", "-c", "1", "-s", $"{size}", "-M", "do", "-W", "10",
                "10.82.59.2");
        }
        peer.Stop();
        Assert.True(
            peer.Shortest >= 60, $"a frame of {peer.Shortest} bytes came: the kernel's short frames must be filled up");
        Assert.Equal(peer.Answered, wire.Statistics.Received);
        // The pings, an ARP request, and what the kernel sends unasked.
        Assert.InRange(wire.Statistics.Sent, sizes.Length + 1, long.MaxValue);
        Assert.Equal(0, wire.Statistics.Dropped);
        Assert.Null(wire.Fault);
    }

    [SkippableFact]
    [Trait("needs", "root")]
    public void ADeletedInterfaceIsALostSignal()
    {
        Tool.SkipUnlessRoot();
        using var host = new TapNamespace();
        using var wire = new TapWire(host.Interface);
        host.Adopt("10.82.59.1/24");
        Assert.True(wire.HasSignal);
        Tool.Run("ip", "-n", host.Name, "link", "delete", host.Interface);
        long now = 0;
        for (; now < 1_000_000 && wire.HasSignal; now += 1000) wire.Receive(now, out _);
        Assert.False(wire.HasSignal);
        Assert.Contains(host.Interface, wire.Fault);
        wire.Send(new byte[60], now);
        Assert.True(wire.Receive(now, out _).IsEmpty);
        Assert.Equal(1, wire.Statistics.Dropped);
    }

    [SkippableFact]
    [Trait("needs", "root")]
    public void SendingIntoADeletedInterfaceIsNoticedToo()
    {
        Tool.SkipUnlessRoot();
        using var host = new TapNamespace();
        using var wire = new TapWire(host.Interface);
        host.Adopt("10.82.59.1/24");
        Tool.Run("ip", "-n", host.Name, "link", "delete", host.Interface);
        wire.Send(new byte[60], 0);
        Assert.False(wire.HasSignal);
        Assert.Equal((1, 1), (wire.Statistics.Received, wire.Statistics.Dropped));
    }

    [SkippableFact]
    [Trait("needs", "root")]
    public void AnInterfaceThatIsDownDropsAndRecovers()
    {
        Tool.SkipUnlessRoot();
        using var host = new TapNamespace();
        using var wire = new TapWire(host.Interface);
        wire.Send(new byte[60], 0);
        Assert.Equal(1, wire.Statistics.Dropped);
        Assert.True(wire.HasSignal);
        host.Adopt("10.82.59.1/24");
        wire.Send(new byte[60], 0);
        Assert.Equal((2, 1), (wire.Statistics.Received, wire.Statistics.Dropped));
    }

    [SkippableFact]
    [Trait("needs", "root")]
    public void AnInterfaceThatIsThereIsAttachedToAndStays()
    {
        Tool.SkipUnlessRoot();
        using var host = new TapNamespace();
        Tool.Run("ip", "tuntap", "add", "dev", host.Interface, "mode", "tap");
        try
        {
            using (var wire = new TapWire(host.Interface))
            {
                Assert.True(wire.HasSignal);
                var error = Assert.Throws<DeviceSpecifierException>(() => new TapWire(host.Interface));
                Assert.Contains("in use", error.Message);
            }
            Tool.Run("ip", "link", "show", "dev", host.Interface);
        }
        finally
        {
            Tool.Run("ip", "link", "delete", host.Interface);
        }
    }

    [SkippableFact]
    [Trait("needs", "root")]
    public void AnInterfaceThatIsNoTapIsRefused()
    {
        Tool.SkipUnlessRoot();
        var error = Assert.Throws<DeviceSpecifierException>(() => new TapWire("lo"));
        Assert.Contains("not a TAP interface", error.Message);
    }

    [Theory]
    [InlineData("", "tap:NAME")]
    [InlineData("sixteen-letters-", "at most 15")]
    [InlineData("äöüäöüäö", "at most 15")] // 16 bytes
    [InlineData("a/b", "no blanks")]
    [InlineData("a b", "no blanks")]
    [InlineData("tap%d", "no blanks")]
    [InlineData("..", "no blanks")]
    public void NamesThatNoInterfaceCanHaveAreRefused(string name, string expected)
    {
        var error = Assert.Throws<DeviceSpecifierException>(() => new TapWire(name));
        Assert.Contains(expected, error.Message);
    }

    [SkippableFact]
    public void WhoMayNotIsToldTheCure()
    {
        Skip.IfNot(File.Exists("/dev/net/tun"), "there is no /dev/net/tun");
        Exception? error = null;
        // Privileges belong to a thread: this one drops them, if it has any, and ends.
        var thread = new Thread(() => error = Record.Exception(() =>
        {
            if (Environment.IsPrivilegedProcess) DropRights();
            new TapWire("ixyrights").Dispose();
        }));
        thread.Start();
        thread.Join();
        Assert.Contains("ip tuntap add dev ixyrights", Assert.IsType<PrivilegeException>(error).Message);
    }

    [SkippableFact]
    [Trait("needs", "root")]
    public void NothingIsAllocatedPerFrame()
    {
        Tool.SkipUnlessRoot();
        using var host = new TapNamespace();
        using var wire = new TapWire(host.Interface);
        host.Adopt("10.82.59.1/24");
        byte[] frame = new byte[60];
        long now = 0;
        void Turn()
        {
            wire.Send(frame, now += 1000);
            wire.Receive(now, out _);
        }
        Allocations.None(Turn, 1_000);
    }

    // The C library's setresuid changes every thread of the process; the raw system call changes only this one.
    private static void DropRights()
    {
        long setresuid = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 147 : 117;
        const long nobody = 65534;
        Assert.Equal(0, syscall(setresuid, nobody, nobody, nobody));
    }

    [LibraryImport("libc")]
    private static partial long syscall(long number, long first, long second, long third);

    /// <summary>
    /// A host with one address at the card's end of the wire: answers ARP requests and pings from anyone.
    /// </summary>
    private sealed class PingResponder : IDisposable
    {
        private static readonly byte[] s_mac = [2, 0x82, 0x59, 0, 0, 2];
        private readonly Thread _thread;
        private volatile bool _stop;

        internal PingResponder(TapWire wire)
        {
            _thread = new Thread(() => Run(wire));
            _thread.Start();
        }

        internal int Shortest { get; private set; } = int.MaxValue;

        internal long Answered { get; private set; }

        internal void Stop()
        {
            _stop = true;
            _thread.Join();
        }

        public void Dispose() => Stop();

        private void Run(TapWire wire)
        {
            while (!_stop)
            {
                long now = Stopwatch.GetElapsedTime(0).Ticks * 100;
                var received = wire.Receive(now, out _);
                if (received.IsEmpty) continue;
                Shortest = Math.Min(Shortest, received.Length);
                byte[] frame = received.ToArray();
                if (!TryAnswer(frame)) continue;
                frame.AsSpan(6, 6).CopyTo(frame);
                s_mac.CopyTo(frame, 6);
                wire.Send(frame, now);
                Answered++;
            }
        }

        private static bool TryAnswer(byte[] frame)
        {
            bool arpRequest = frame[12] == 8 && frame[13] == 6 && frame[21] == 1;
            if (arpRequest)
            {
                frame[21] = 2; // reply
                byte[] asker = frame[22..32];
                byte[] asked = frame[38..42];
                s_mac.CopyTo(frame, 22);
                asked.CopyTo(frame, 28);
                asker.CopyTo(frame, 32);
                return true;
            }
            bool echoRequest = frame[12] == 8 && frame[13] == 0 && frame[23] == 1 && frame[34] == 8;
            if (!echoRequest) return false;
            byte[] sender = frame[26..30];
            frame.AsSpan(30, 4).CopyTo(frame.AsSpan(26));
            sender.CopyTo(frame, 30);
            frame[34] = 0; // echo reply
            frame[36] = frame[37] = 0;
            int end = 14 + (frame[16] << 8 | frame[17]);
            ushort checksum = InternetChecksum.Finish(InternetChecksum.Sum(frame.AsSpan(34, end - 34)));
            (frame[36], frame[37]) = ((byte)checksum, (byte)(checksum >> 8));
            return true;
        }
    }
}
