using Ixy.Setup.Bus;
using Ixy.Vfio;

namespace Ixy.Setup.Examination;

/// <summary>What prevents a program from driving a card.</summary>
internal sealed class CardExamination
{
    private readonly NetworkController _card;
    private readonly SysfsFunction _function;
    private readonly MachineFacts _machine;
    private readonly MachineFiles _files;
    private readonly DoctorOptions _options;
    private readonly bool _isAskedFor;
    private readonly string? _driver;
    private readonly bool? _bypassesIommu;
    private readonly List<Finding> _findings = [];

    internal CardExamination(
        NetworkController card, SysfsFunction function, MachineFacts machine, MachineFiles files,
        DoctorOptions options, bool isAskedFor)
    {
        (_card, _function, _machine, _files) = (card, function, machine, files);
        (_options, _isAskedFor) = (options, isAskedFor);
        _driver = options.FindDriver(card.VendorId, card.DeviceId);
        _bypassesIommu = FindBypass();
        Access = FindAccess();
        _findings.Add(OwnDriver());
        if (_driver is null) return;
        // In the order of the fixes: a card in use is not given away.
        _findings.Add(Use());
        _findings.Add(KernelDriver());
        _findings.AddRange(Iommu());
        _findings.AddRange(Group());
        _findings.AddRange(Node());
        _findings.Add(Link());
    }

    /// <summary>How the card is accessed, or would be once everything is fixed.</summary>
    internal CardAccess Access { get; }

    /// <summary>The machine should be examined for this card.</summary>
    internal bool IsWanted => _driver is not null && (_isAskedFor || !IsUsedByKernel);

    private bool HasProblem => _findings.Any(finding => finding.Verdict == Verdict.Problem);

    private string Address => _function.Name;

    private bool IsUsed => _card.Use is not null;

    // It carries traffic: leave it alone unless it was requested by name.
    private bool IsUsedByKernel => IsUsed && _card.Driver is not null && !_card.IsBoundToVfio;

    private Verdict Worst => _isAskedFor || !IsUsedByKernel ? Verdict.Problem : Verdict.Note;

    private string BindToVfio => $"sudo {IxyCommand.Name} bind {Address}";

    private string BindToNothing => $"{BindToVfio} --driver none";

    /// <summary>The end of the examination: if all seems well, the card is opened.</summary>
    /// <param name="isBlocked">The machine lacks something for this kind of access.</param>
    internal ExaminedCard Conclude(bool isBlocked)
    {
        bool canBeOpened = _driver is not null && !IsUsed && (_card.Driver is null || _card.IsBoundToVfio);
        bool isReady = canBeOpened && !HasProblem && !isBlocked;
        if (isReady && _options.Try is not null)
        {
            _findings.Add(Trial());
            isReady = !HasProblem;
        }
        return new(_card, _driver, Access, _findings, isReady);
    }

    // What cannot be read about a virtio device can be asked from it, if it is free.
    private bool? FindBypass()
    {
        if (VirtioFunction.BypassesIommu(_function) is { } known) return known;
        if (_card.Driver is not null || IsUsed || !_machine.IsRoot || _options.Try is null) return null;
        if (!_function.IsBehindTranslation) return null;
        try
        {
            _options.Try(_card.Address);
            return true;
        }
        catch (IommuTranslatesException)
        {
            return false;
        }
        catch (PciDeviceException)
        {
            return null;
        }
    }

    private CardAccess FindAccess() =>
        _card.IsBoundToVfio && _bypassesIommu != true ? CardAccess.Vfio
        : _card.IommuGroup is null || _bypassesIommu == true ? CardAccess.Sysfs
        : _card.Driver is not null || _function.IsBehindTranslation ? CardAccess.Vfio
        : CardAccess.Sysfs;

    private Finding OwnDriver()
    {
        string name = _card.Name is { } known ? $"{known} ({_card.VendorId:x4}:{_card.DeviceId:x4})"
            : $"{_card.VendorId:x4}:{_card.DeviceId:x4}";
        return _driver is not null ? new("card", Verdict.Ok, $"{name}, driven by {_driver}")
            : new("card", _isAskedFor ? Verdict.Problem : Verdict.Note, $"{name}: there is no driver for it here");
    }

    private Finding KernelDriver() =>
        _card.IsBoundToVfio ? new("driver", Verdict.Ok, $"{_card.Driver}, which gives it to user space")
        : _card.Driver is null && _function.IsBehindTranslation ? new("driver", Verdict.Ok, "none")
        : _card.Driver is null ? new("driver", Verdict.Ok, "none, so it can be reached through sysfs")
        : new("driver", Worst, $"the kernel has it ({_card.Driver}): user space cannot",
            Worst == Verdict.Note ? null : Access == CardAccess.Vfio ? BindToVfio : BindToNothing);

    private Finding Use() => _card.Use is not { } use ? new("use", Verdict.Ok, "nobody uses it")
        : new("use", Worst, use, Worst == Verdict.Note ? null : _card.UseCure);

    private IEnumerable<Finding> Iommu()
    {
        if (_bypassesIommu == true && _card.IsBoundToVfio)
            yield return new("IOMMU", Verdict.Problem,
                "it is a virtio device that goes around the IOMMU, so it is reached through sysfs only", BindToNothing);
        else if (_card.IsBoundToVfio && _card.IommuGroup is null)
            yield return new("IOMMU", Verdict.Problem,
                "it is behind no IOMMU, which VFIO needs: use it through sysfs", BindToNothing);
        else if (_card.Driver is null && _function.IsBehindTranslation && _bypassesIommu != true)
            yield return new("IOMMU", Verdict.Problem,
                $"the IOMMU translates (the type of its group {_card.IommuGroup} is {_card.IommuType}), so it blocks "
                + "the physical addresses that sysfs has to do with: no packet would pass"
                + (_bypassesIommu is null ? ", unless the card goes around the IOMMU" : ""), BindToVfio);
        else if (_card.IommuGroup is { } group)
            yield return new("IOMMU", Verdict.Ok, $"group {group} {_card.IommuType}".TrimEnd());
    }

    private IEnumerable<Finding> Group()
    {
        if (!_card.IsBoundToVfio || _card.IommuGroup is not { } group) yield break;
        var rivals = GroupRivals.Of(_function).ToList();
        if (rivals.Count > 0)
            yield return new("group", Verdict.Problem,
                $"the kernel drives others of group {group}, so VFIO gives it to nobody: "
                + string.Join(", ", rivals.Select(rival => $"{rival.Rival.Name} ({rival.Rival.Driver})")),
                string.Join("; ", rivals.Select(rival => rival.Cure)));
        string file = $"dev/vfio/{group}";
        if (!_files.Exists(file))
            yield return new("group", Verdict.Problem, $"there is no /{file}: inside a container, pass it in");
        else if (!_files.CanUse(file))
            yield return new("group", Verdict.Problem, $"/{file}, the file of its group, is closed to this user",
                $"sudo chown {Environment.UserName} /{file}");
        else if (rivals.Count == 0) yield return new("group", Verdict.Ok, $"/{file} is open to this user");
    }

    private IEnumerable<Finding> Node()
    {
        const int PageLength = 2 << 20;
        if (_card.NumaNode is not { } node || _machine.Nodes.Count < 2) yield break;
        HugePagePool[] pages = [
            .. _machine.HugePages.Where(pool => pool.PageLength == PageLength && pool.Node == node)];
        long needed = (_options.DmaBytes + PageLength - 1) / PageLength;
        bool areElsewhere = _machine.HugePages.Any(pool => pool.PageLength == PageLength && pool.Free >= needed);
        yield return pages.Sum(pool => pool.Free) >= needed || !areElsewhere
            ? new("node", Verdict.Ok, $"{node}")
            : new("node", Verdict.Note, $"{node}, where {pages.Sum(pool => pool.Free)} huge pages are free: memory "
                + "of another one is slower",
                $"sudo {IxyCommand.Name} hugepages --reserve {MachineExamination.PagesToReserve(pages, needed)} "
                + $"--node {node}");
    }

    // What the kernel's driver knows about the link (kernel documentation, ABI/testing/sysfs-class-net).
    private Finding Link()
    {
        const string Check = "link";
        if (_function.NetworkInterfaces().FirstOrDefault() is not { } directory)
            return new(Check, Verdict.Ok, "not to be read while the kernel does not drive the card");
        string name = Path.GetFileName(directory);
        string? carrier = Read(directory, "carrier"), speed = Read(directory, "speed");
        return carrier switch
        {
            "1" => new(Check, Verdict.Ok, $"{name} has a link partner"
                + (int.TryParse(speed, out int megabits) && megabits > 0 ? $", {megabits} Mbit/s" : "")),
            "0" => new(Check, Verdict.Note, $"{name} is up and has no link partner: check the cable and the far end"),
            // The kernel says nothing about an interface that is down.
            _ => new(Check, Verdict.Ok, $"{name} is down, so the kernel does not look for a link partner"),
        };
    }

    private Finding Trial()
    {
        try
        {
            _options.Try!(_card.Address);
            return new("open", Verdict.Ok, "it was opened, and closed again");
        }
        catch (FeatureNotOfferedException error)
        {
            return new("open", Verdict.Problem, error.Message, BindToNothing);
        }
        catch (PciDeviceException error)
        {
            return new("open", Verdict.Problem, error.Message);
        }
    }

    private static string? Read(string directory, string file)
    {
        try
        {
            return File.ReadAllText(Path.Combine(directory, file)).Trim();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
