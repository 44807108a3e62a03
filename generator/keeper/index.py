# Callers repeat what they are not sure of. No secret leaves it, nor an event's ResponseURL.
import json
import time
import urllib.request
from types import SimpleNamespace

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

CONFIG = Config(connect_timeout=3, read_timeout=10)
CURRENT, PENDING = 'AWSCURRENT', 'AWSPENDING'
DENIED, NO_USER, ABSENT = 'AccessDenied', 'NoSuchEntity', 'ResourceNotFound'
ANEW = 'Update the stack with CreateSupportUser=No, then Yes.'
AGAIN = 'Rotate the secret again.'
HINTS = {
  DENIED: "Allow it to this function's role, or find the policy that denies it.",
  NO_USER: ANEW,
  ABSENT: ANEW,
  'InvalidRequest': 'Restore the secret.',
  'ParameterNotFound': "Set the stack's parameter ImageId.",
}


class Refusal(Exception):
  pass


# Of the one event that a process has at a time.
work = SimpleNamespace()


def code_of(error):
  return error.response['Error']['Code'].removesuffix('Exception')


# AWS's words and ours hold no secret; other errors might.
def reason(error):
  about = f' (user {work.user}, secret {work.secret})' if work.secret else ''
  if isinstance(error, ClientError):
    return f'{about}: {error} {HINTS.get(code_of(error), "Repeat it.")}'
  return f'{about}: {error if isinstance(error, Refusal) else type(error).__name__ + " in the keeper. Repeat it."}'


# IAM is asked again, as it takes seconds to know what is new. A refusal with the code `forgive` gives {}.
def call(client, verb, forgive='', **asked):
  print(verb, {name: value for name, value in asked.items() if name != 'SecretString'})
  pause = 1
  while True:
    try:
      return getattr(client, verb)(**asked)
    except ClientError as error:
      if code_of(error) == forgive:
        return {}
      if code_of(error) not in work.again or time.monotonic() + pause >= work.until:
        raise
    time.sleep(pause)
    pause = min(pause * 2, 8)


def aws(service, verb, **asked):
  if service not in work.clients:
    work.clients[service] = boto3.client(service, config=CONFIG)
  return call(work.clients[service], verb, **asked)


def iam(verb, **asked):
  return aws('iam', f'{verb}_access_key', UserName=work.user, **asked)


def vault(verb, **asked):
  return aws('secretsmanager', verb, SecretId=work.secret, **asked)


# A user's keys, oldest first, and whether each is active.
def keys(user='', forgive=''):
  answer = aws('iam', 'list_access_keys', forgive=forgive, UserName=user or work.user)
  listed = sorted(answer.get('AccessKeyMetadata', []), key=lambda key: key['CreateDate'])
  return {key['AccessKeyId']: key['Status'] == 'Active' for key in listed}


def switch(key, on):
  iam('update', AccessKeyId=key, Status='Active' if on else 'Inactive')


def delete(key):
  iam('delete', forgive=NO_USER, AccessKeyId=key)


# Not paused: the key that the secret names is active; without it, any is, or there is none.
def is_open(owned, named):
  return owned.get(named, any(owned.values()) or not owned)


# A pause goes on with the new key, also that of a user (with the keys `old`) whom this one replaces. Of two keys one
# goes first: never the secret's, an inactive before an active one.
def make(version, stage, now, old=None):
  owned, named = keys(), now.get('AccessKeyId', '')
  if len(owned) > 1:
    delete(min(owned, key=lambda key: (key == named, owned[key])))
  made = iam('create')['AccessKey']
  key = made['AccessKeyId']
  print('made key', key)
  try:
    if not is_open(old or owned, named):
      switch(key, False)
    write({**now, **made}, ClientRequestToken=version, VersionStages=[stage])
  except Exception:  # a key that no secret holds must not stay
    delete(key)
    raise
  return key


# The next rotation deletes these.
def retire(*keep):
  for key, active in keys().items():
    if active and key not in keep:
      switch(key, False)


# Until AWS shows no key, made by hand or not.
def erase(keep):
  pause = 0
  while left := keys(forgive=NO_USER).keys() - {keep}:
    if time.monotonic() > work.until:
      raise Refusal(f'The user still has keys {left}. Delete them and repeat.')
    time.sleep(pause)
    for key in left:
      delete(key)
    pause = 1


# {} for a version that is absent, or not as this function writes it.
def read(forgive=ABSENT, **version):
  text = vault('get_secret_value', forgive=forgive, **version or {'VersionStage': CURRENT}).get('SecretString', '')
  try:
    return {name: each for name, each in json.loads(text).items() if isinstance(each, str)}
  except Exception:  # a person may have put anything
    return {}


def write(value, **version):
  fields = 'AccessKeyId', 'SecretAccessKey', 'Region', 'InstanceId'
  vault('put_secret_value', SecretString=json.dumps({name: value.get(name, '') for name in fields}), **version)


def label(stage, **change):
  vault('update_secret_version_stage', VersionStage=stage, **change)


# The physical ID of a live resource of the stack, or ''.
def resource(event, name):
  asked = {'StackName': event['StackId'], 'LogicalResourceId': name, 'forgive': 'ValidationError'}
  detail = aws('cloudformation', 'describe_stack_resource', **asked).get('StackResourceDetail', {})
  dead = 'CREATE_IN_PROGRESS', 'CREATE_FAILED', 'DELETE_COMPLETE', 'DELETE_SKIPPED'
  return '' if detail.get('ResourceStatus') in dead else detail.get('PhysicalResourceId', '')


# Custom::SupportKey. The physical ID names the user: another user is a replacement.
def support_key(event, asked):
  how, version, work.user, work.secret = event['RequestType'], event['RequestId'], asked['UserName'], asked['SecretArn']
  published = resource(event, 'SupportAccessKey')  # CloudFormation made it and removes it
  if how == 'Delete':
    erase(published)
    return event['PhysicalResourceId'], {}
  stages = vault('describe_secret').get('VersionIdsToStages', {}).get(version, [])
  now = read()
  wanted = {**now, 'Region': asked['Region'], 'InstanceId': asked['InstanceId']}
  key = now.get('AccessKeyId', '')
  if key not in keys() or not (stages or how == 'Update'):
    old = keys(event.get('OldResourceProperties', asked)['UserName'], NO_USER)
    key = make(version, CURRENT, wanted, old)
    stages = [CURRENT]
  elif wanted != now:
    write(wanted)
  if CURRENT in stages:  # this request made the key, now or before
    retire(key, published)
  return f'support-key-of-{work.user}', {'AccessKeyId': key}


# Custom::InstanceImage. The physical ID is the image, read again for another parameter only. An instance without it is
# another template's, and would be replaced: only if that is named.
def instance_image(event, asked):
  name, image = asked['Parameter'], event.get('PhysicalResourceId', '')
  if not image and resource(event, 'Instance') not in ('', asked.get('Replaces')):
    raise Refusal("This template would replace the stack's instance. Run: deployer upgrade")
  if not image or name != event['OldResourceProperties']['Parameter']:
    image = aws('ssm', 'get_parameter', Name=name)['Parameter']['Value']
    if not image.startswith('ami-'):
      raise Refusal(f"{name} holds no image id. Set the stack's parameter ImageId.")
  return image, {'ImageId': image}


RESOURCES = {'Custom::SupportKey': support_key, 'Custom::InstanceImage': instance_image}


# Always answers, or CloudFormation waits for an hour.
def provide(event):
  how, kind, name = event['RequestType'], event['ResourceType'], event['LogicalResourceId']
  print(how, kind)
  body = {field: event[field] for field in ('StackId', 'RequestId', 'LogicalResourceId')}
  body |= {'Status': 'SUCCESS', 'PhysicalResourceId': event.get('PhysicalResourceId') or f'{name}-failed'}
  try:
    if how != 'Delete' or kind == 'Custom::SupportKey':
      body['PhysicalResourceId'], body['Data'] = RESOURCES[kind](event, event['ResourceProperties'])
  except Exception as error:
    body |= {'Status': 'FAILED', 'Reason': f'{name}{reason(error)}'[:1000]}
    print(body['Reason'])
  return body


# After the third try Lambda repeats the event.
def answer(url, body, tries=3):
  request = urllib.request.Request(url, json.dumps(body).encode(), {'Content-Type': ''}, method='PUT')
  try:
    urllib.request.urlopen(request, timeout=2).close()
  except OSError:
    if tries == 1:
      raise
    time.sleep(1)
    answer(url, body, tries - 1)


# Whether a session's owner (an ARN) is this user or role; '' is nobody's name.
def is_of(owner, user, role):
  by_user = user and ':user/' in owner and owner.endswith(f'/{user}')
  return by_user or (role and f':assumed-role/{role}/' in owner)


def end_sessions(event):
  if event['Now'] < event['Until']:
    return
  ssm, ended, failed = boto3.client('ssm', config=CONFIG), [], None
  on_instance = {'State': 'Active', 'Filters': [{'key': 'Target', 'value': event['Instance']}]}
  for session in list(ssm.get_paginator('describe_sessions').paginate(**on_instance).search('Sessions[]')):
    if is_of(session.get('Owner', ''), event['User'], event['Role']):
      try:
        ssm.terminate_session(SessionId=session['SessionId'])
        ended.append(session['SessionId'])
      except ClientError as error:  # the others end all the same
        failed = error
  if ended:
    print('ended with access:', ended)
  if failed:
    raise failed


# The steps of a rotation.
def create(version, coming, now):
  if not coming:
    make(version, PENDING, now)
  elif coming.get('AccessKeyId') not in keys():  # a version cannot be written twice: let it go
    label(PENDING, RemoveFromVersionId=version)
    raise Refusal(f'The key that waited is gone. {AGAIN}')


# The key that waits becomes as active as the current one, so that no pause ends.
def align(version, coming, now):
  owned, key, named = keys(), coming.get('AccessKeyId', ''), now.get('AccessKeyId', '')
  if key not in owned:
    raise Refusal(f'No key of the user waits. {AGAIN}')
  active = owned[key]
  if key != named:  # they are one when Secrets Manager tries the set-up with a copy
    del owned[key]
  wanted = is_open(owned, named)
  if active != wanted:
    switch(key, wanted)
  return wanted


# AWS says whose key it is, if it is not paused. Nothing waits when Secrets Manager tries the set-up.
def test(version, coming, now):
  if coming and align(version, coming, now):
    pair = {'aws_access_key_id': coming['AccessKeyId'], 'aws_secret_access_key': coming['SecretAccessKey']}
    arn = call(boto3.client('sts', config=CONFIG, **pair), 'get_caller_identity')['Arn']
    if arn.split('/')[-1] != work.user:
      raise Refusal(f"The key that waits is not the user's. {AGAIN}")


def finish(version, coming, now):
  labels = vault('describe_secret')['VersionIdsToStages']
  if CURRENT not in labels[version]:
    align(version, coming, now)  # the key may have been paused since
    old = next(name for name, stages in labels.items() if CURRENT in stages)
    label(CURRENT, MoveToVersionId=version, RemoveFromVersionId=old)
  if PENDING in labels[version]:  # it would block the next rotation
    label(PENDING, RemoveFromVersionId=version)
  retire(coming['AccessKeyId'])


STEPS = {'createSecret': create, 'setSecret': align, 'testSecret': test, 'finishSecret': finish}


def rotate(event):
  step, work.secret, version = event['Step'], event['SecretId'], event['ClientRequestToken']
  about = vault('describe_secret')
  work.user = {tag['Key']: tag['Value'] for tag in about.get('Tags', [])}.get('deepsql:support-user', '')
  if about.get('RotationEnabled') is False or not work.user:
    raise Refusal('The secret has no rotation or no tag deepsql:support-user. Update the stack.')
  stages = about.get('VersionIdsToStages', {}).get(version, [])
  if not {CURRENT, PENDING} & {*stages}:
    raise Refusal(f'Version {version} waits for no rotation. {AGAIN}')
  if CURRENT not in stages or step == 'finishSecret':
    STEPS[step](version, read(VersionId=version), read(''))


# For CloudFormation, Secrets Manager and EventBridge. Ten seconds are kept for the answer.
def handler(event, context):
  work.user, work.secret, work.clients = '', '', {}
  work.until = time.monotonic() + min(context.get_remaining_time_in_millis() / 1000 - 10, 120)
  work.again = {DENIED} if event.get('RequestType') == 'Delete' else {DENIED, NO_USER, 'InvalidClientTokenId'}
  if 'ResponseURL' in event:
    return answer(event['ResponseURL'], provide(event))
  act, name = (end_sessions, 'Ending sessions') if 'Until' in event else (rotate, 'Rotation')
  try:
    act(event)
  except Exception as error:  # Lambda logs what is raised
    raise Refusal(name + reason(error)) from None
