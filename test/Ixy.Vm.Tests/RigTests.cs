using Xunit.Abstractions;

namespace Ixy.Vm.Tests;

/// <summary>The test rig itself.</summary>
[Collection(GuestCollection.Name)]
public sealed class RigTests(GuestPool guests, ITestOutputHelper log)
{
    private static readonly GuestMachine s_bare = new("nothing but a processor");

    [SkippableFact]
    public void AGuestRunsCommands()
    {
        var guest = guests.Get(s_bare);
        log.WriteLine($"booted in {guest.BootTime.TotalSeconds:0.0} s");
        var result = guest.Run("echo out; echo 'err or' >&2; exit 3");
        Assert.Equal(new CommandResult(3, "out\n", "err or\n"), result);
        Assert.Equal(new CommandResult(0, "", ""), guest.Run("true"));
    }

    [SkippableFact]
    public void LongOutputComesWhole()
    {
        string output = guests.Get(s_bare).Run("seq 1 20000").Succeeded();
        Assert.Equal(string.Concat(Enumerable.Range(1, 20_000).Select(number => $"{number}\n")), output);
    }

    [SkippableFact]
    public void ACommandThatTakesTooLongIsKilledAndTheGuestGoesOn()
    {
        var guest = guests.Get(s_bare);
        Assert.Equal(CommandResult.Killed, guest.Run("exec sleep 100", TimeSpan.FromSeconds(1)).ExitCode);
        Assert.Equal("on\n", guest.Run("echo on").Succeeded());
    }

    [SkippableFact]
    public void AJobRunsWhileOthersDoAndTakesSignals()
    {
        var guest = guests.Get(s_bare);
        using var job = guest.Start(
            "trap 'echo interrupted; exit 5' INT; echo begun; while true; do usleep 10000; done");
        job.WaitFor("begun");
        Assert.Equal("meanwhile\n", guest.Run("echo meanwhile").Succeeded());
        job.Signal("INT");
        var result = job.Wait();
        Assert.Equal(new CommandResult(5, "begun\ninterrupted\n", ""), result);
        using var other = guest.Start("exec sleep 1000");
        other.Signal("KILL");
        Assert.Equal(CommandResult.Killed, other.Wait().ExitCode);
    }

    [SkippableFact]
    public void IxyRunsInTheGuest()
    {
        Assert.Matches(@"^\d+\.\d+\.\d+\n$", guests.Get(s_bare).Run("ixy --version").Succeeded());
    }

    // The kernel prints its command line, so the words appear although nothing is wrong.
    [SkippableFact]
    public void AGuestThatLosesATimerAtBootIsBootedAgainAndThatIsSaid()
    {
        GuestImage.SkipIfUnavailable();
        var said = new Messages();
        using var pool = new GuestPool(said);
        var machine = new GuestMachine("one that says so") { KernelOptions = $"said=\"{Guest.LostTimer}\"" };
        var error = Assert.Throws<GuestTimerException>(() => pool.Get(machine));
        Assert.Contains("lost a processor's timer at boot", error.Message);
        Assert.Collection(said.All,
            message => Assert.StartsWith(
                "BOOT 1 OF 3 FAILED (1 in this run), once more: the guest 'one that says so' lost", message),
            message => Assert.StartsWith("BOOT 2 OF 3 FAILED (2 in this run), once more: ", message));
    }

    // A program that sleeps takes the place of /init.
    [SkippableFact]
    public void AKernelThatStopsAtBootIsTakenForOneWithoutATimer()
    {
        GuestImage.SkipIfUnavailable();
        var machine = new GuestMachine("one that is silent")
        {
            KernelOptions = "rdinit=/bin/busybox -- sleep 1000",
            SilenceAtBoot = TimeSpan.FromSeconds(10),
        };
        var error = Assert.Throws<GuestTimerException>(() => new Guest(machine).Dispose());
        Assert.Contains("stopped at boot: silent for 10 s", error.Message);
        Assert.Contains("Run /bin/busybox as init process", error.Message);
    }

    [SkippableFact]
    public void AHungGuestIsReportedWithItsConsole()
    {
        var guest = guests.Get(s_bare);
        guest.Run("echo last words > /dev/ttyS0").Succeeded();
        guest.Monitor.Execute("stop");
        var error = Assert.Throws<GuestException>(() => guest.Run("true", TimeSpan.FromSeconds(1)));
        Assert.Contains("last words", error.Message);
        Assert.Contains("hangs at 'true'", error.Message);
        Assert.False(guest.IsAlive);
        Assert.NotSame(guest, guests.Get(s_bare));
    }

    [SkippableFact]
    public void AMachineThatQemuRefusesIsReportedWithTheReason()
    {
        GuestImage.SkipIfUnavailable();
        var error = Assert.Throws<GuestException>(
            () => new Guest(new("impossible", new GuestDevice("no-such-device", Cable: Cable.None))));
        Assert.Contains("no-such-device", error.Message);
    }

    [SkippableFact]
    public void DevicesGoToVfioAndTheirGroupsToTheUser()
    {
        var guest = guests.Get(IommuMachine.Machine);
        log.WriteLine($"booted in {guest.BootTime.TotalSeconds:0.0} s");
        int left = guest.BindToVfio(GuestMachine.Address(IommuMachine.Virtio));
        int right = guest.BindToVfio(GuestMachine.Address(IommuMachine.Virtio + 1));
        Assert.NotEqual(left, right);
        string opens = GuestSetup.AsUser(
            $"sh -c \"ulimit -l; whoami; exec 3<>/dev/vfio/{left} 4<>/dev/vfio/{right}; echo open\"", lockedMiB: 64);
        Assert.Equal("65536\nuser\nopen\n", guest.Run(opens).Succeeded());
    }

    [SkippableFact]
    public void FunctionsBehindAConventionalBridgeShareAnIommuGroup()
    {
        var guest = guests.Get(IommuMachine.Machine);
        string Group(string address) => guest.Run($"readlink /sys/bus/pci/devices/{address}/iommu_group").Succeeded();
        Assert.Equal(Group(IommuMachine.SharedEduAddress), Group(IommuMachine.SharedE1000eAddress));
        Assert.NotEqual(Group(IommuMachine.SharedEduAddress), Group(GuestMachine.Address(IommuMachine.Edu)));
    }

    [SkippableFact]
    public void APulledCableIsSeenInTheGuest()
    {
        var guest = guests.Get(PlainMachine.Machine);
        guest.LoadModules("virtio_pci", "virtio_net");
        guest.BindTo("virtio-pci", GuestMachine.Address(PlainMachine.Modern));
        string carrier =
            $"cd /sys/bus/pci/devices/{GuestMachine.Address(PlainMachine.Modern)}/virtio*/net/*; ip link set dev "
            + "$(basename $PWD) up; sleep 1; cat carrier";
        Assert.Equal("1\n", guest.Run(carrier).Succeeded());
        guest.Monitor.SetLink(PlainMachine.Modern, up: false);
        Assert.Equal("0\n", guest.Run(carrier).Succeeded());
        guest.Monitor.SetLink(PlainMachine.Modern, up: true);
        Assert.Equal("1\n", guest.Run(carrier).Succeeded());
        guest.Unbind(GuestMachine.Address(PlainMachine.Modern));
    }

    [SkippableFact]
    public void FramesPassThroughAGuestThatLinuxBridges()
    {
        var guest = guests.Get(PlainMachine.Machine);
        using var bridge = KernelBridge.OfVirtio(guest, PlainMachine.Modern, PlainMachine.Modern + 1);
        double rate = new Exchange(guest.Port(PlainMachine.Modern), guest.Port(PlainMachine.Modern + 1), new())
            .RunFaultless();
        log.WriteLine($"{rate:0} frames per second");
    }

    [SkippableFact]
    public void FramesPassThroughTapInterfacesToo()
    {
        var guest = guests.Get(MultiQueueMachine.Machine);
        using var bridge = KernelBridge.OfVirtio(guest, 0, 1);
        double rate = new Exchange(guest.Port(0), guest.Port(1), new()).RunFaultless();
        log.WriteLine($"{rate:0} frames per second");
    }

    private sealed class Messages : LongLivedMarshalByRefObject, IMessageSink
    {
        internal List<string> All { get; } = [];

        public bool OnMessage(IMessageSinkMessage message)
        {
            All.Add(((IDiagnosticMessage)message).Message);
            return true;
        }
    }
}
