using System.Text;
using Ixy.Simulation.Recording;
using Ixy.Simulation.Tests.Ixgbe;
using static Ixy.Ixgbe.IxgbeRegisters;

namespace Ixy.Simulation.Tests.Recording;

/// <summary>The films that are shown: each is a run in virtual time, the same one every time.</summary>
internal static class FilmScenes
{
    /// <summary>Setup, and ten packets each way.</summary>
    internal static string TenPackets() => Forward("ten packets", "sim:ixgbe,wire=generator,count=10", expected: 10);

    /// <summary>More packets than the rings have descriptors.</summary>
    internal static string WrapAround() =>
        Forward("wrap-around", "sim:ixgbe,wire=generator,count=150,rate=1Mpps", expected: 150);

    /// <summary>A packed virtio ring.</summary>
    internal static string PackedRing() =>
        Forward("packed ring", "sim:virtio,packed=on,queue-size=16,wire=generator,count=40,rate=1Mpps", expected: 40);

    /// <summary>A driver that reuses descriptors that the card has not sent yet.</summary>
    internal static string DoubleUse()
    {
        using var recorded = new RecordedBench();
        var ring = recorded.Bench.AddQueue(size: 8);
        for (int i = 0; i < 5; i++) ring.PutFrame(TransmitFrames.Make(60, i));
        recorded.Bench.Write(TDT, 5);
        // The mistake: there are two free places, but six more packets.
        for (int i = 5; i < 11; i++) ring.PutFrame(TransmitFrames.Make(60, i));
        recorded.Bench.Write(TDT, 3);
        recorded.Bench.Run();
        return Write(recorded.Recorder, "double use");
    }

    /// <summary>The maximum number of events of a film by default, with the longest usual frames.</summary>
    internal static string FullLength()
    {
        var recorder = new Recorder();
        var world = new VirtualWorld(3, recorder);
        using var left = world.Open("sim:ixgbe,wire=generator,size=1514");
        using var right = world.Open("sim:ixgbe,wire=generator,size=1514");
        RunUntil(world, left, right, () => recorder.LeftOut > 0);
        return Write(recorder, "full length");
    }

    private static string Forward(string title, string card, int expected)
    {
        var recorder = new Recorder();
        var world = new VirtualWorld(1, recorder);
        var options = new NetworkDeviceOptions { RingSize = 64 };
        using (var left = world.Open(card, options))
        using (var right = world.Open(card, options))
        {
            RunUntil(world, left, right, () => recorder.Events.OfType<FramePassed>().Count(frame => frame.IsSent)
                == 2 * expected);
        }
        return Write(recorder, title);
    }

    private static void RunUntil(VirtualWorld world, NetworkDevice left, NetworkDevice right, Func<bool> end)
    {
        var batch = new Packet[32];
        Assert.True(left.WaitForLink(TimeSpan.FromSeconds(1)) && right.WaitForLink(TimeSpan.FromSeconds(1)));
        using var actor = world.AddActor(() =>
        {
            int moved = Move(left, right) + Move(right, left);
            return moved > 0 ? Hosting.ActorTurn.Busy(50 + 30 * moved) : Hosting.ActorTurn.Idle(50);
        });
        Assert.True(world.AdvanceUntil(end, TimeSpan.FromMilliseconds(50)));

        int Move(NetworkDevice from, NetworkDevice to)
        {
            int received = from.Receive(batch);
            int sent = to.Transmit(batch.AsSpan(0, received));
            PacketPool.Free(batch.AsSpan(sent, received - sent));
            return received;
        }
    }

    private static string Write(Recorder recorder, string title)
    {
        using var page = new StringWriter(new StringBuilder());
        Film.Write(recorder, title, page);
        return page.ToString();
    }
}
