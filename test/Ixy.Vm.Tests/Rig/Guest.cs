using System.Diagnostics;
using System.Net.Sockets;

namespace Ixy.Vm.Tests.Rig;

/// <summary>
/// A running virtual machine with Linux, busybox and ixy. The other end of each NIC's cable is in this process.
/// </summary>
internal sealed class Guest : IDisposable
{
    private static readonly TimeSpan s_bootLimit = TimeSpan.FromMinutes(3), s_commandLimit = TimeSpan.FromSeconds(60);
    private const int ConsoleLinesInMessages = 80;

    /// <summary>
    /// Printed by Linux when other processors see that one has waited 21 s for its timer (kernel/rcu/tree_stall.h).
    /// </summary>
    internal const string LostTimer = "kthread timer wakeup didn't happen";

    // Printed by Linux before it starts the first program (init/main.c).
    private const string FirstProgram = "Run /init as init process";

    // Paths of Unix sockets are limited to 108 bytes, so this is not below the test's folder.
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("ixy-vm-");
    private readonly List<IDisposable> _resources = [];
    private readonly EthernetPort?[] _ports;
    private readonly CardSocket?[] _cards;
    private readonly QemuProcess _qemu;
    private readonly GuestAgent _agent;
    private int _jobs;

    /// <summary>Boots a machine and waits until it accepts commands.</summary>
    internal Guest(GuestMachine machine)
    {
        Machine = machine;
        _ports = new EthernetPort[machine.Devices.Length];
        _cards = new CardSocket[machine.Devices.Length];
        long start = Stopwatch.GetTimestamp();
        try
        {
            for (int i = 0; i < _ports.Length; i++)
            {
                _ports[i] = CreatePort(i);
                if (machine.Devices[i].IsOnSocket) _cards[i] = CreateCard(i);
            }
            using var listener = Listen(InFolder("agent"));
            using var monitorListener = Listen(InFolder("monitor"));
            _qemu = Keep(
                new QemuProcess(
                    machine.HasCardsOnSockets ? GuestImage.QemuWithVfioUser : GuestImage.Qemu, Arguments(machine)));
            _agent = Keep(new GuestAgent(Accept(listener)));
            Monitor = Keep(new QemuMonitor(Accept(monitorListener)));
            foreach (var port in _ports.OfType<DatagramPort>()) port.Connect();
            WaitForBoot(start);
        }
        catch (Exception error) when (error is TimeoutException or IOException or SocketException)
        {
            string message = Failure($"did not boot: {error.Message}");
            Dispose();
            throw new GuestException(message);
        }
        catch
        {
            Dispose();
            throw;
        }
        BootTime = Stopwatch.GetElapsedTime(start);
    }

    internal GuestMachine Machine { get; }

    /// <summary>From the start of QEMU until the guest accepted commands.</summary>
    internal TimeSpan BootTime { get; }

    /// <summary>Pulls cables, and does what else can be done to a machine from outside.</summary>
    internal QemuMonitor Monitor { get; }

    /// <summary>Whether it has neither ended nor been given up.</summary>
    internal bool IsAlive => _resources.Count > 0 && !_qemu.HasExited;

    /// <summary>Everything that the kernel and the init process have printed on the console.</summary>
    internal string Console => File.ReadAllText(InFolder("console"));

    /// <summary>The far end of a NIC's cable.</summary>
    internal EthernetPort Port(int device) =>
        _ports[device] ?? throw new ArgumentException($"device {device} of {Machine.Name} has no cable that ends here");

    /// <summary>A simulated card of this process, and the socket by which the guest has it.</summary>
    internal CardSocket Card(int device) =>
        _cards[device] ?? throw new ArgumentException($"device {device} of {Machine.Name} is not a simulated card");

    /// <summary>
    /// Runs a shell script as root and waits for its end; kills it after the time limit (a minute by default).
    /// </summary>
    /// <exception cref="GuestException">The guest hangs. It is shut down.</exception>
    internal CommandResult Run(string script, TimeSpan? limit = null)
    {
        if (!IsAlive) throw new GuestException($"the guest '{Machine.Name}' has ended");
        try
        {
            return _agent.Run(script, limit ?? s_commandLimit);
        }
        catch (Exception error) when (error is TimeoutException or SocketException)
        {
            string message = Failure($"hangs at '{script}': {error.Message}");
            Dispose();
            throw new GuestException(message);
        }
    }

    /// <summary>Starts a shell script as root that runs while others do.</summary>
    internal GuestJob Start(string script) => GuestJob.Start(this, ++_jobs, script);

    /// <summary>Kills QEMU (SIGKILL); the far ends of the cables stay.</summary>
    internal void KillQemu() => _qemu.Kill();

    /// <summary>Ends the machine like a power failure.</summary>
    public void Dispose()
    {
        for (int i = _resources.Count - 1; i >= 0; i--) _resources[i].Dispose();
        _resources.Clear();
        if (_folder.Exists) _folder.Delete(recursive: true);
    }

    private void WaitForBoot(long start)
    {
        int length = 0;
        long lastWord = start;
        while (!_agent.WaitUntilReady(TimeSpan.FromSeconds(1)))
        {
            string console = Console;
            if (console.Contains(LostTimer, StringComparison.Ordinal))
                throw new GuestTimerException(Failure("lost a processor's timer at boot"));
            if (console.Length != length) lastWord = Stopwatch.GetTimestamp();
            length = console.Length;
            if (Stopwatch.GetElapsedTime(lastWord) > Machine.SilenceAtBoot) CheckSilence(console);
            if (Stopwatch.GetElapsedTime(start) > s_bootLimit) throw new TimeoutException("no answer");
        }
    }

    // Until its timers work, the kernel cannot report a lost one: it just stops. Once /init runs, our own programs may
    // cause the silence. QEMU's monitor does not answer while a processor waits for a simulated card, so a card that
    // hangs is not mistaken for a lost timer.
    private void CheckSilence(string console)
    {
        if (console.Contains(FirstProgram, StringComparison.Ordinal)) return;
        Monitor.Execute("query-status");
        throw new GuestTimerException(Failure($"stopped at boot: silent for {Machine.SilenceAtBoot.TotalSeconds} s"));
    }

    private static Socket Listen(string path)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(path));
        socket.Listen();
        return socket;
    }

    // QEMU connects before it starts the machine, or exits and says why.
    private Socket Accept(Socket listener)
    {
        while (!listener.Poll(TimeSpan.FromMilliseconds(100), SelectMode.SelectRead))
        {
            if (_qemu.HasExited) throw new GuestException(Failure("did not start"));
        }
        return listener.Accept();
    }

    private List<string> Arguments(GuestMachine machine) =>
    [
        .. machine.Arguments(Port, Card),
        "-kernel", GuestImage.Kernel, "-initrd", GuestImage.InitialRamDisk, "-append", machine.KernelCommandLine,
        // A guest that panics or reboots exits.
        "-no-reboot", "-nodefaults", "-nic", "none", "-display", "none",
        "-serial", $"file:{InFolder("console")}", "-serial", $"unix:{InFolder("agent")}",
        "-qmp", $"unix:{InFolder("monitor")}",
    ];

    private EthernetPort? CreatePort(int device) => Machine.Devices[device].Cable switch
    {
        Cable.None or Cable.InCard => null,
        Cable.Datagram => Keep(new DatagramPort(InFolder($"guest{device}"), InFolder($"host{device}"))),
        Cable.Tap => Keep(new TapPort(hasTwoQueues: !Machine.Devices[device].IsOnSocket)),
        var other => throw new NotSupportedException($"{other}"),
    };

    private CardSocket CreateCard(int device)
    {
        string cable = _ports[device] is TapPort tap ? $",wire=tap:{tap.Name}" : "";
        return Keep(
            new CardSocket(
                $"{Machine.Devices[device].Options}{cable},mac={GuestMachine.MacAddress(device)}",
                InFolder($"card{device}"), Machine.Devices[device].IsFilmed));
    }

    private string InFolder(string name) => Path.Combine(_folder.FullName, name);

    private T Keep<T>(T resource) where T : IDisposable
    {
        _resources.Add(resource);
        return resource;
    }

    private string Failure(string what)
    {
        string console = File.Exists(InFolder("console")) ? Console : "";
        var last = console.Split('\n').TakeLast(ConsoleLinesInMessages);
        return $"the guest '{Machine.Name}' {what}\n{_qemu.Error}\n--- the end of its "
            + $"console:\n{string.Join('\n', last)}";
    }
}
